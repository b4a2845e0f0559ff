#pragma once

#include <chrono>
#include <cstddef>

#include "common/limits.hpp"

namespace bulkhead::supervisor {

// How a client takes what it is written. Pure but for `unacknowledged_bytes`; values of one
// WebSocket session, used by the supervisor's loop.

/// How many bytes a client is sent at once: what it takes in about limits::kFlushTarget, so that
/// one that is slow but reads is not taken for one that does not. One write says little, for the
/// kernel takes much before the client has to; so the size grows twofold at most, but falls at
/// once.
class FlushSize {
 public:
  void taken(std::size_t bytes, std::chrono::steady_clock::duration took) noexcept;
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  std::size_t bytes_ = limits::kFlushBytes;
};

/// Whether the write that is on its way is stuck. The kernel takes more of it only once a good part
/// of its buffer has left, which a client that reads slowly but steadily may not reach within the
/// limit. So what counts is the kernel's queue: one that has not changed since the last look has
/// had nothing acknowledged, and one that grew had room for more.
class WriteProgress {
 public:
  using Clock = std::chrono::steady_clock;

  explicit WriteProgress(Clock::duration limit) noexcept : limit_{limit} {}

  /// At the write that began then. False: none of it was acknowledged for as long as the limit.
  [[nodiscard]] bool look(Clock::time_point began, std::size_t queued_bytes,
                          Clock::time_point now) noexcept;

  /// After a look, or after a write that began then.
  [[nodiscard]] Clock::time_point next_look(Clock::time_point after) const noexcept;

 private:
  Clock::duration limit_;
  Clock::time_point began_{};
  Clock::time_point moved_{};  // last
  std::size_t queued_bytes_ = 0;
};

/// What the kernel has of this socket that the other end has not acknowledged.
[[nodiscard]] std::size_t unacknowledged_bytes(int socket) noexcept;

}  // namespace bulkhead::supervisor
