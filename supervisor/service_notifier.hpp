#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "common/unique_fd.hpp"

namespace bulkhead::supervisor {

/// What the service manager is told: that the program is ready, alive, stopping. The protocol is
/// sd_notify(3)'s, a datagram of "NAME=value" lines to the socket NOTIFY_SOCKET names. Without a
/// service manager every call does nothing; one that does not read costs nothing either.
///
/// Owned by Supervisor, used by the loop's thread: `alive` comes from the loop's own timer, so a
/// loop that hangs is noticed by what it no longer says.
class ServiceNotifier {
 public:
  /// Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.
  static ServiceNotifier from_environment();

  /// How often `alive` must be called: half of what the service manager waits. None: it does not
  /// watch this process.
  [[nodiscard]] std::optional<std::chrono::milliseconds> alive_interval() const noexcept {
    return alive_interval_;
  }

  void ready() const noexcept;
  void alive() const noexcept;
  void stopping() const noexcept;

 private:
  void send(std::string_view text) const noexcept;

  UniqueFd socket_;  // empty: nobody listens
  std::string address_;
  std::optional<std::chrono::milliseconds> alive_interval_;
};

}  // namespace bulkhead::supervisor
