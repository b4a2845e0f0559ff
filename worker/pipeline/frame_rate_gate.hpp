#pragma once

#include <cstdint>

namespace bulkhead::worker {

/// Lets at most `max_fps` frames a second through, evenly, by their time of arrival; 0 lets all
/// through. Of frames whose numbers differ by less than `every_n` it lets one through; where frames
/// were dropped before it the next is not waited for. A value used by one thread.
///
/// Frames are admitted along a schedule, not by their distance from the last one: a camera of 25
/// fps gives 10 of 25 for `max_fps` 10, where the distance rule would give 8. A frame may come a
/// quarter of an interval early, so that a camera that jitters around `max_fps` is not halved.
/// After a pause the schedule starts anew: nothing is caught up.
class FrameRateGate {
 public:
  explicit FrameRateGate(double max_fps, std::uint32_t every_n = 1) noexcept;

  /// Of successive frames; `frame_id` counts those of the camera from 1.
  [[nodiscard]] bool admit(std::uint64_t frame_id, std::int64_t arrival_ns) noexcept;

 private:
  [[nodiscard]] bool admit_by_time(std::int64_t arrival_ns) noexcept;

  std::uint64_t every_n_;
  std::uint64_t next_id_ = 0;
  std::int64_t interval_ns_;  // 0: no limit
  std::int64_t due_ns_ = 0;
};

}  // namespace bulkhead::worker
