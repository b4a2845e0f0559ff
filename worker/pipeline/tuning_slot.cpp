#include "worker/pipeline/tuning_slot.hpp"

#include <utility>

namespace bulkhead::worker {

void TuningSlot::put(ipc::Reconfigure tuning) {
  const MutexLock lock{mutex_};
  tuning_ = std::move(tuning);
  full_.store(true, std::memory_order_relaxed);
}

std::optional<ipc::Reconfigure> TuningSlot::take() {
  if (!full_.load(std::memory_order_relaxed)) return std::nullopt;
  const MutexLock lock{mutex_};
  full_.store(false, std::memory_order_relaxed);
  return std::exchange(tuning_, std::nullopt);
}

}  // namespace bulkhead::worker
