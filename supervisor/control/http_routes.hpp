#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "supervisor/control/control_services.hpp"

namespace bulkhead::supervisor {

/// One HTTP request as the routes see it.
struct HttpRequest {
  std::string method;  // "GET"
  std::string target;  // path and query, still percent-encoded
  std::string body;
};

struct HttpReply {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body = {};
  std::string allow = {};  // for 405: the methods there are
};

/// `{"error":{"code","message","field"}}` with the status that fits.
[[nodiscard]] HttpReply http_error(unsigned status, const Error& error);
[[nodiscard]] unsigned http_status_of(ErrorCode code) noexcept;

/// What answers HTTP: the REST mirror of the control channel's methods, health, metrics, and the
/// operator's page. Knows no socket.
class HttpRoutes {
 public:
  using Done = std::function<void(HttpReply)>;

  HttpRoutes(const ControlServices& services, const MethodTable& methods)
      : services_{services}, methods_{methods} {}

  /// Calls `done` once, at once or later.
  void answer(const HttpRequest& request, Done done) const;

 private:
  void call(const std::string& method, const std::string& params, Done done) const;
  void answer_sessions(const HttpRequest& request, Done done) const;
  void answer_session(const HttpRequest& request, std::string_view rest, Done done) const;
  void answer_snapshot(const std::string& name, Done done) const;
  [[nodiscard]] HttpReply readiness() const;

  const ControlServices& services_;
  const MethodTable& methods_;
};

}  // namespace bulkhead::supervisor
