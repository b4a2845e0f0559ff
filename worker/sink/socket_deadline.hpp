#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "common/unique_fd.hpp"

namespace bulkhead::worker {

/// Ends what a library waits for on a socket without a limit: past the deadline the connection is
/// shut down, and the library finds it lost. libpq waits for a reply as long as the socket is up;
/// neither its own limits (of connecting, of the server, of unacknowledged bytes) nor SO_RCVTIMEO,
/// which poll does not know, help against a server that was stopped.
///
/// Owns a duplicate of the descriptor, so that it never hits another file of the same number, and
/// the thread that watches. Destroyed before or after the connection. For one calling thread.
class SocketDeadline {
 public:
  explicit SocketDeadline(int socket);
  SocketDeadline(const SocketDeadline&) = delete;
  SocketDeadline& operator=(const SocketDeadline&) = delete;
  ~SocketDeadline() = default;

  void arm(std::chrono::steady_clock::time_point deadline);
  void disarm();

  /// Whether it has shut the connection down; it is of no use then.
  [[nodiscard]] bool has_passed();

 private:
  using Time = std::chrono::steady_clock::time_point;

  void watch(const std::stop_token& stop);

  UniqueFd socket_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  Time deadline_ = Time::max();  // max: not armed
  bool has_passed_ = false;
  std::jthread thread_;  // last: it uses all of the above
};

/// Armed for one block.
class ArmedDeadline {
 public:
  ArmedDeadline(SocketDeadline& watched, std::chrono::steady_clock::time_point deadline)
      : watched_{watched} {
    watched_.arm(deadline);
  }
  ~ArmedDeadline() { watched_.disarm(); }
  ArmedDeadline(const ArmedDeadline&) = delete;
  ArmedDeadline& operator=(const ArmedDeadline&) = delete;

 private:
  SocketDeadline& watched_;
};

}  // namespace bulkhead::worker
