#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "common/result.hpp"
#include "supervisor/control/control_limits.hpp"

namespace boost::asio {
class io_context;
}
namespace spdlog {
class logger;
}

namespace bulkhead::supervisor {

class Hub;
struct ProgramServices;
class Registry;
class SessionTable;
struct Config;

/// The control channel: WebSocket and HTTP on one port (supervisor/control/README.md). The one
/// face of control/ towards the supervisor, which owns it and outlives it with everything it is
/// given; all of it is used by the loop's thread.
///
/// Without a registry persistent sessions are not kept. Destroying it ends all connections at once.
/// At each limit of ControlLimits the client at fault is refused or cut, and nobody else notices.
class ControlServer {
 public:
  ControlServer(boost::asio::io_context& loop, const Config& config, SessionTable& sessions,
                Registry* registry, Hub& hub, std::shared_ptr<spdlog::logger> log,
                ProgramServices program, ControlLimits limits = {});
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  /// Listens on `config.listen`. InvalidParams: no address, or no such certificate; Io: in use, or
  /// not ours.
  Result<void> listen();

  /// Instead: goes on with the socket of the program before in this process, and owns it.
  Result<void> resume(int descriptor);

  /// The port that is listened on; 0 before `listen`.
  [[nodiscard]] std::uint16_t port() const noexcept;

  /// Sends everybody away to come back soon, and lets newcomers wait unheard. `gone` is called
  /// later, when nobody is connected: after limits::kCloseTime at the latest.
  void pause(std::function<void()> gone);
  void go_on();  // after a pause

  /// The listening socket, for the next program in this process.
  [[nodiscard]] int descriptor();

  /// Accepts no more; who is connected stays, to see how the sessions end.
  void stop_accepting();

  /// Accepts no more and says goodbye to everybody, who are gone at the latest after
  /// limits::kCloseTime. The loop then has no work of ours left.
  void close();

 private:
  Result<void> load_tls();

  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace bulkhead::supervisor
