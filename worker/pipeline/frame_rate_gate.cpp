#include "worker/pipeline/frame_rate_gate.hpp"

#include "common/clock.hpp"

namespace bulkhead::worker {

FrameRateGate::FrameRateGate(double max_fps) noexcept
    : interval_ns_{max_fps > 0 ? static_cast<std::int64_t>(kNsPerSecond / max_fps) : 0} {}

bool FrameRateGate::admit(std::int64_t arrival_ns) noexcept {
  if (interval_ns_ == 0) return true;
  if (arrival_ns < due_ns_ - interval_ns_ / 4) return false;
  const bool behind = arrival_ns > due_ns_ + interval_ns_;
  due_ns_ = (behind ? arrival_ns : due_ns_) + interval_ns_;
  return true;
}

}  // namespace bulkhead::worker
