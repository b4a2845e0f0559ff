#include "worker/pipeline/motion_gate.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "common/clock.hpp"
#include "common/limits.hpp"
#include "common/stage_limits.hpp"

namespace bulkhead::worker {

using std::chrono::nanoseconds;

namespace {

constexpr float kChanged = 16;  // of 255

bool is_watched(const FrameRules& rules, const Point& place) {
  const Region region = rules.region.value_or(Region{});
  const bool is_inside = place.x >= region.x_min && place.x < region.x_max &&
                         place.y >= region.y_min && place.y < region.y_max;
  return is_inside &&
         std::ranges::none_of(rules.masks, [&](const auto& mask) { return contains(mask, place); });
}

}  // namespace

MotionGate::MotionGate(const FrameRules& rules)
    : least_changed_{static_cast<std::size_t>(
          std::ceil(rules.motion->min_area * static_cast<float>(counts_.size())))},
      floor_interval_ns_{static_cast<std::int64_t>(kNsPerSecond / rules.motion->floor_fps)} {
  for (std::size_t row = 0; row < kLumaRows; ++row) {
    for (std::size_t column = 0; column < kLumaColumns; ++column) {
      const Point place{(static_cast<float>(column) + 0.5F) / kLumaColumns,
                        (static_cast<float>(row) + 0.5F) / kLumaRows};
      counts_[row * kLumaColumns + column] = is_watched(rules, place) ? 1 : 0;
    }
  }
}

bool MotionGate::admit(const Frame& frame) {
  if (moves(frame)) moved_ns_ = frame.arrival_ns;
  const bool holds = nanoseconds{frame.arrival_ns - moved_ns_} < limits::kMotionHold;
  if (!holds && frame.arrival_ns - admitted_ns_ < floor_interval_ns_) return false;
  admitted_ns_ = frame.arrival_ns;
  return true;
}

bool MotionGate::moves(const Frame& frame) {
  const auto points = luma_grid(frame);
  if (!points) return true;  // the detector says what is wrong with it
  const nanoseconds since{frame.arrival_ns - seen_ns_};
  seen_ns_ = frame.arrival_ns;
  if (frame.width != width_ || frame.height != height_) {
    begin(frame, *points);
    return true;
  }
  constexpr auto kMemoryNs = static_cast<double>(nanoseconds{limits::kMotionMemory}.count());
  const double weight = 1 - std::exp(-static_cast<double>(since.count()) / kMemoryNs);
  return learn(*points, static_cast<float>(weight)) >= least_changed_;
}

void MotionGate::begin(const Frame& frame, const LumaGrid& points) {
  std::ranges::copy(points, usual_.begin());
  width_ = frame.width;
  height_ = frame.height;
}

std::size_t MotionGate::learn(const LumaGrid& points, float weight) {
  std::size_t changed = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const float change = static_cast<float>(points[i]) - usual_[i];
    changed += std::abs(change) > kChanged ? counts_[i] : 0;
    usual_[i] += weight * change;
  }
  return changed;
}

}  // namespace bulkhead::worker
