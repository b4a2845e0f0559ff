#include "worker/pipeline/frame_rate_gate.hpp"

#include "common/clock.hpp"

namespace bulkhead::worker {

FrameRateGate::FrameRateGate(double max_fps, std::uint32_t every_n) noexcept
    : every_n_{every_n},
      interval_ns_{max_fps > 0 ? static_cast<std::int64_t>(kNsPerSecond / max_fps) : 0} {}

bool FrameRateGate::admit(std::uint64_t frame_id, std::int64_t arrival_ns) noexcept {
  if (frame_id < next_id_ || !admit_by_time(arrival_ns)) return false;
  next_id_ = frame_id + every_n_;
  return true;
}

bool FrameRateGate::admit_by_time(std::int64_t arrival_ns) noexcept {
  if (interval_ns_ == 0) return true;
  if (arrival_ns < due_ns_ - interval_ns_ / 4) return false;
  const bool behind = arrival_ns > due_ns_ + interval_ns_;
  due_ns_ = (behind ? arrival_ns : due_ns_) + interval_ns_;
  return true;
}

}  // namespace bulkhead::worker
