#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>

#include "worker/frame/frame.hpp"

namespace bulkhead::worker {

/// What a full ring does with a new frame.
enum class WhenFull {
  DropOldest,  // live cameras: fresh pictures win
  Block,       // clips played flat out: every picture counts
};

/// The bounded hand-over of decoded frames from the source to the detect loop.
///
/// One producer thread, one consumer thread; owned by Worker. At the limit it drops the oldest
/// frame and counts it, or makes the producer wait, as `WhenFull` says: a slow detector never
/// stops a camera's socket from being read. A detector that has fallen behind, so that frames were
/// dropped, gets the newest next, not the oldest: it would stay late for ever. One that was only
/// held up for a moment gets every frame.
///
/// With DropOldest the limit is a time, limits::kFrameRingAge between the oldest and the newest
/// frame held, so that a fast camera gets as long a moment as a slow one; two frames may always be
/// held, and never more than `capacity`.
class FrameRing {
 public:
  FrameRing(std::size_t capacity, WhenFull when_full);

  /// False only when `stop` was requested while waiting for room.
  bool push(Frame frame, std::stop_token stop);

  /// The oldest frame held, or the newest after drops; empty when `stop` was requested or `wait`
  /// passed without one.
  std::optional<Frame> pop(std::stop_token stop, std::chrono::milliseconds wait);

  [[nodiscard]] std::uint64_t dropped_total() const;
  [[nodiscard]] std::size_t depth() const;

 private:
  [[nodiscard]] bool is_full_for(const Frame& frame) const;

  const std::size_t capacity_;
  const WhenFull when_full_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Frame> frames_;
  std::uint64_t dropped_total_ = 0;
  bool behind_ = false;  // a frame was dropped since the last pop
};

}  // namespace bulkhead::worker
