#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "common/unique_fd.hpp"

namespace bulkhead::test {

/// A camera that answers as a test says, for what no honest server does. Serves one client after
/// the other on loopback; ends with the object.
class ScriptedRtspServer {
 public:
  /// The bytes to answer a request with; empty: silence. `request` is its head, to the empty line.
  using Script = std::function<std::string(std::string_view request)>;

  explicit ScriptedRtspServer(Script script);
  ScriptedRtspServer(const ScriptedRtspServer&) = delete;
  ScriptedRtspServer& operator=(const ScriptedRtspServer&) = delete;
  ~ScriptedRtspServer();

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url(const std::string& path) const {
    return "rtsp://127.0.0.1:" + std::to_string(port_) + path;
  }

 private:
  void serve(const std::stop_token& stop);
  void serve_client(int fd, const std::stop_token& stop);

  Script script_;
  std::uint16_t port_ = 0;
  UniqueFd listener_;
  UniqueFd wake_;  // readable once the server has to end
  std::jthread thread_;
};

/// "RTSP/1.0 STATUS" with the request's CSeq, `headers` (each with its line end) and a body.
std::string rtsp_reply(std::string_view request, std::string_view status,
                       std::string_view headers = {}, std::string_view body = {});

/// Answers as a camera with one H.264 stream would, up to and with PLAY.
std::string honest_reply(std::string_view request);

/// A port of loopback where nobody listens.
std::uint16_t refused_port();

}  // namespace bulkhead::test
