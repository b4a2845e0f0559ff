#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "supervisor/control/control_services.hpp"
#include "supervisor/log/log_tail.hpp"

namespace bulkhead::supervisor {

/// One HTTP request as the routes see it.
struct HttpRequest {
  std::string method;  // "GET"
  std::string target;  // path and query, still percent-encoded
  std::string body = {};
  std::shared_ptr<const Identity> identity = loopback_identity();  // who asks
};

struct HttpReply {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body = {};
  std::string allow = {};                   // for 405: the methods there are
  std::optional<LogRequest> followed = {};  // instead of a body: this log, as it grows
  std::int64_t retry_after_s = 0;           // for 429; 0: nothing is said
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
  void call(const HttpRequest& request, const std::string& method, const std::string& params,
            Done done) const;
  struct Collection;
  void answer_collection(const HttpRequest& request, const Collection& collection,
                         std::string_view rest, Done done) const;
  void answer_sessions(const HttpRequest& request, Done done) const;
  void answer_session(const HttpRequest& request, std::string_view rest, Done done) const;
  void answer_history(const HttpRequest& request, Done done) const;
  void answer_event_snapshot(const HttpRequest& request, std::string_view rest, Done done) const;
  void answer_logs(const HttpRequest& request, const std::string& session, const Done& done) const;
  void answer_snapshot(const HttpRequest& request, const std::string& name, Done done) const;
  [[nodiscard]] HttpReply readiness(const AccessScope& scope) const;
  [[nodiscard]] HttpReply metrics(const AccessScope& scope) const;

  const ControlServices& services_;
  const MethodTable& methods_;
};

}  // namespace bulkhead::supervisor
