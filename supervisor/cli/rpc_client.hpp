#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "supervisor/cli/endpoint.hpp"
#include "supervisor/cli/outcome.hpp"

namespace bulkhead::cli {

/// A connection to the supervisor's control channel: JSON-RPC 2.0 over WebSocket, one call at a
/// time, as any other client would speak it. Used by one thread; owned by the command that runs.
///
/// Every wait has a limit, after which the connection is given up (Timeout, and every later call
/// NotThere). A peer that is silent for limits::kCliSilence is pinged, and given up when it does
/// not answer for as long again. Notifications that arrive during a call wait for
/// `next_notification`, at most limits::kCliNotifications of them: then the connection is given up,
/// for silently losing some would be worse. Errors the supervisor answers with are Refused: "CODE:
/// sentence".
class RpcClient {
 public:
  using Limit = std::chrono::steady_clock::duration;

  static Outcome<RpcClient> connect(const Endpoint& endpoint, Limit limit);

  RpcClient(RpcClient&&) noexcept;
  RpcClient& operator=(RpcClient&&) noexcept;
  ~RpcClient();

  /// The `result` of one call.
  Outcome<nlohmann::json> call(const std::string& method, const nlohmann::json& params,
                               Limit limit);

  /// The next message without id, whole: {"method", "params"}.
  Outcome<nlohmann::json> next_notification();
  Outcome<nlohmann::json> next_notification(Limit limit);

  /// After a failure: the supervisor has closed the connection to be replaced by its next program,
  /// and can be reached again (close code 1012).
  [[nodiscard]] bool may_return() const;

 private:
  struct Connection;
  explicit RpcClient(std::unique_ptr<Connection> connection) noexcept;

  std::unique_ptr<Connection> connection_;
};

}  // namespace bulkhead::cli
