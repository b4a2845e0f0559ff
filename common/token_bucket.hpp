#pragma once

#include <chrono>
#include <cstdint>

namespace bulkhead {

/// Lets something happen `per_second` times a second in the long run, and as much as a bucket of
/// tokens holds at once after a pause. Tokens drip in one by one; a full bucket takes no more.
///
/// Keeps one number, the time by which the bucket is full again, and so has nothing to add up and
/// no rounding that grows (the virtual scheduling algorithm of ITU-T I.371, known as GCRA). A
/// value owned by one thread; pure: time comes in as monotonic nanoseconds and may stand still.
class TokenBucket {
 public:
  /// Full. `per_second` is more than 0; it holds what drips in within `burst`, at least one token.
  TokenBucket(double per_second, std::chrono::milliseconds burst) noexcept;

  /// When a token is there: `now_ns`, or later.
  [[nodiscard]] std::int64_t ready_ns(std::int64_t now_ns) const noexcept;

  /// A token at a time when one is there. That may lie ahead: then it is kept for its taker.
  void take(std::int64_t at_ns) noexcept;

  [[nodiscard]] std::int64_t tokens(std::int64_t now_ns) const noexcept;
  [[nodiscard]] bool is_full(std::int64_t now_ns) const noexcept { return full_ns_ <= now_ns; }

 private:
  std::int64_t interval_ns_;  // between two tokens
  std::int64_t capacity_;
  std::int64_t full_ns_ = 0;
};

}  // namespace bulkhead
