#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <optional>

#include "common/periodic_timer.hpp"
#include "common/token_bucket.hpp"
#include "supervisor/control/connections.hpp"
#include "supervisor/control/control_services.hpp"
#include "supervisor/control/flush_pacer.hpp"
#include "supervisor/control/http_routes.hpp"
#include "supervisor/metrics/loop_probe.hpp"
#include "supervisor/transport/server_tls.hpp"

namespace spdlog {
class logger;
}

namespace bulkhead::supervisor {

/// What every connection of one ControlServer uses. Owned by the server; connections hold it
/// weakly, because the loop may still hold theirs when the server is gone.
struct ControlContext {
  ControlContext(boost::asio::io_context& io, const Config& config, SessionTable& sessions,
                 Registry* registry, Hub& the_hub, std::shared_ptr<spdlog::logger> logger,
                 ProgramServices program, ControlLimits bounds);

  [[nodiscard]] SupervisorFigures figures() const;

  /// From now on who came with a token that has expired is sent away.
  void watch_tokens();

  /// From now on histories that no worker looks after are kept no longer than others.
  void tidy_histories();

  boost::asio::io_context& loop;
  const ControlLimits limits;
  Hub& hub;
  std::shared_ptr<spdlog::logger> log;
  std::shared_ptr<Connections> connections;
  ConnectionSessions connection_sessions;
  AuditLog audit;
  Authenticator authenticator;
  ControlServices services;
  MethodTable methods;
  HttpRoutes routes;
  LoopProbe probe;
  FlushPacer pacer;
  std::optional<ServerTls> tls;  // none: all is in the clear
  TokenBucket handshakes;        // of TLS, of all who connect
  PeriodicTimer token_timer;
  const std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
};

}  // namespace bulkhead::supervisor
