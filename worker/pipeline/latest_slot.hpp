#pragma once

#include <atomic>
#include <optional>
#include <utility>

#include "common/mutex.hpp"
#include "common/session_context.hpp"
#include "ipc/command.hpp"

namespace bulkhead::worker {

/// Hands what shall be from now on from the thread `control` to the thread `detect`, which takes it
/// between two frames. The latest wins: what was not taken yet is replaced. While nothing is there,
/// a look costs one load. Owned by Worker.
template <class Wish>
class LatestSlot {
 public:
  void put(Wish wish) {
    const MutexLock lock{mutex_};
    wish_ = std::move(wish);
    full_.store(true, std::memory_order_relaxed);
  }

  [[nodiscard]] std::optional<Wish> take() {
    if (!full_.load(std::memory_order_relaxed)) return std::nullopt;
    const MutexLock lock{mutex_};
    full_.store(false, std::memory_order_relaxed);
    return std::exchange(wish_, std::nullopt);
  }

 private:
  std::atomic<bool> full_{false};  // only a hint: what counts is behind the lock
  Mutex mutex_;
  std::optional<Wish> wish_ BULKHEAD_GUARDED_BY(mutex_);
};

using TuningSlot = LatestSlot<ipc::Reconfigure>;
using ContextSlot = LatestSlot<SessionContext>;

}  // namespace bulkhead::worker
