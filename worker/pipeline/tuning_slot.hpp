#pragma once

#include <atomic>
#include <optional>

#include "common/mutex.hpp"
#include "ipc/command.hpp"

namespace bulkhead::worker {

/// Hands other thresholds from the thread `control` to the thread `detect`, which takes them
/// between two frames. The latest wins: what was not taken yet is replaced. While nothing is there,
/// a look costs one load. Owned by Worker.
class TuningSlot {
 public:
  void put(ipc::Reconfigure tuning);
  [[nodiscard]] std::optional<ipc::Reconfigure> take();

 private:
  std::atomic<bool> full_{false};  // only a hint: what counts is behind the lock
  Mutex mutex_;
  std::optional<ipc::Reconfigure> tuning_ BULKHEAD_GUARDED_BY(mutex_);
};

}  // namespace bulkhead::worker
