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
  if (frame.planes[0].pixels == nullptr || frame.width == 0 || frame.height == 0) return {};
  const bool paused = nanoseconds{frame.arrival_ns - last_frame_ns_} > limits::kFrozenPause;
  last_frame_ns_ = frame.arrival_ns;
  const bool other = frame.width != width_ || frame.height != height_;
  const bool due = nanoseconds{frame.arrival_ns - looked_ns_} >= limits::kFrozenLook;
  if (!due && !other && !paused) return std::nullopt;
  looked_ns_ = frame.arrival_ns;

  Points points;
  const bool i420 = frame.format == PixelFormat::I420;
  const std::size_t step = i420 ? 1 : 3;
  for (std::size_t row = 0; row < kRows; ++row) {
    const std::size_t y = (2 * row + 1) * frame.height / (2 * kRows);
    const std::uint8_t* const line =
        frame.planes[0].pixels + y * frame.planes[0].stride + (i420 ? 0 : 1);
    for (std::size_t column = 0; column < kColumns; ++column) {
      points[row * kColumns + column] =
          line[(2 * column + 1) * frame.width / (2 * kColumns) * step];
    }
  }
  const bool moves = !reference_ || other || paused ||
                     count_changed(points) * 100 > kChangedPercent * points.size();
  if (moves) {
    begin(frame, points);
    if (!frozen_) return std::nullopt;
    frozen_ = false;
    return false;
  }
  if (frozen_ || nanoseconds{frame.arrival_ns - since_ns_} < limits::kFrozenTime)
    return std::nullopt;
  frozen_ = true;
  return true;
}

void FrozenPicture::begin(const Frame& frame, const Points& points) {
  reference_ = points;
  changed_.fill(false);
  width_ = frame.width;
  height_ = frame.height;
  since_ns_ = frame.arrival_ns;
}

std::size_t FrozenPicture::count_changed(const Points& points) {
  for (std::size_t i = 0; i < points.size(); ++i) {
    changed_[i] = changed_[i] || std::abs(points[i] - (*reference_)[i]) > kEncoderNoise;
  }
  return static_cast<std::size_t>(std::ranges::count(changed_, true));
}

}  // namespace bulkhead::worker
