#include "worker/pipeline/frozen_picture.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "common/limits.hpp"

namespace bulkhead::worker {

using std::chrono::nanoseconds;

namespace {

constexpr int kEncoderNoise = 3;  // of 255; what an encoder makes of the same picture again
constexpr std::size_t kChangedPercent = 2;

}  // namespace

std::optional<bool> FrozenPicture::observe(const Frame& frame) {
  const bool paused = nanoseconds{frame.arrival_ns - last_frame_ns_} > limits::kFrozenPause;
  last_frame_ns_ = frame.arrival_ns;
  const bool other = frame.width != width_ || frame.height != height_;
  const bool due = nanoseconds{frame.arrival_ns - looked_ns_} >= limits::kPictureLook;
  if (!due && !other && !paused) return std::nullopt;
  looked_ns_ = frame.arrival_ns;

  const auto points = luma_grid(frame);
  if (!points) return std::nullopt;
  const bool moves = !reference_ || other || paused ||
                     count_changed(*points) * 100 > kChangedPercent * points->size();
  if (moves) {
    begin(frame, *points);
    if (!frozen_) return std::nullopt;
    frozen_ = false;
    return false;
  }
  if (frozen_ || nanoseconds{frame.arrival_ns - since_ns_} < limits::kFrozenTime)
    return std::nullopt;
  frozen_ = true;
  return true;
}

void FrozenPicture::begin(const Frame& frame, const LumaGrid& points) {
  reference_ = points;
  changed_.fill(false);
  width_ = frame.width;
  height_ = frame.height;
  since_ns_ = frame.arrival_ns;
}

std::size_t FrozenPicture::count_changed(const LumaGrid& points) {
  for (std::size_t i = 0; i < points.size(); ++i) {
    changed_[i] = changed_[i] || std::abs(points[i] - (*reference_)[i]) > kEncoderNoise;
  }
  return static_cast<std::size_t>(std::ranges::count(changed_, true));
}

}  // namespace bulkhead::worker
