#include "worker/frame/frame_ring.hpp"

#include <cassert>
#include <iterator>
#include <utility>

#include "common/limits.hpp"

namespace bulkhead::worker {

FrameRing::FrameRing(std::size_t capacity, WhenFull when_full)
    : capacity_{capacity}, when_full_{when_full} {
  assert(capacity > 0);
}

bool FrameRing::push(Frame frame, std::stop_token stop) {
  {
    std::unique_lock lock{mutex_};
    if (when_full_ == WhenFull::Block) {
      if (!changed_.wait(lock, stop, [this] { return frames_.size() < capacity_; })) return false;
    } else {
      while (is_full_for(frame)) {
        frames_.pop_front();
        ++dropped_total_;
        behind_ = true;
      }
    }
    frames_.push_back(std::move(frame));
  }
  changed_.notify_all();
  return true;
}

bool FrameRing::is_full_for(const Frame& frame) const {
  constexpr std::size_t kAlways = 2;
  if (frames_.size() >= capacity_) return true;
  if (frames_.size() < kAlways) return false;
  const std::chrono::nanoseconds age{frame.arrival_ns - frames_.front().arrival_ns};
  return age > limits::kFrameRingAge;
}

std::optional<Frame> FrameRing::pop(std::stop_token stop, std::chrono::milliseconds wait) {
  std::optional<Frame> taken;
  {
    std::unique_lock lock{mutex_};
    if (!changed_.wait_for(lock, stop, wait, [this] { return !frames_.empty(); })) return taken;
    if (std::exchange(behind_, false)) {
      dropped_total_ += frames_.size() - 1;
      frames_.erase(frames_.begin(), std::prev(frames_.end()));
    }
    taken = std::move(frames_.front());
    frames_.pop_front();
  }
  changed_.notify_all();
  return taken;
}

std::uint64_t FrameRing::dropped_total() const {
  const std::lock_guard lock{mutex_};
  return dropped_total_;
}

std::size_t FrameRing::depth() const {
  const std::lock_guard lock{mutex_};
  return frames_.size();
}

}  // namespace bulkhead::worker
