#include "worker/pipeline/dark_picture.hpp"

#include <algorithm>
#include <chrono>

#include "common/limits.hpp"

namespace bulkhead::worker {

using std::chrono::nanoseconds;

namespace {

constexpr int kBlack = 16 + (235 - 16) / 10;
constexpr std::size_t kBlackPercent = 98;
constexpr std::size_t kNotBlackPercent = 96;
constexpr double kAlike = 6;     // standard deviation, of 255
constexpr double kNotAlike = 9;  // between the two nothing is decided

double variance_of(const LumaGrid& points) {
  double sum = 0;
  double squares = 0;
  for (const double point : points) {
    sum += point;
    squares += point * point;
  }
  const auto count = static_cast<double>(points.size());
  return squares / count - (sum / count) * (sum / count);
}

}  // namespace

std::optional<bool> DarkPicture::observe(const Frame& frame) {
  if (nanoseconds{frame.arrival_ns - looked_ns_} < limits::kPictureLook) return std::nullopt;
  const auto points = luma_grid(frame);
  if (!points) return std::nullopt;
  looked_ns_ = frame.arrival_ns;

  if (look(*points) != (dark_ ? Sight::Something : Sight::Nothing)) {
    since_ns_.reset();
    return std::nullopt;
  }
  if (!since_ns_) since_ns_ = frame.arrival_ns;
  const nanoseconds enough{dark_ ? limits::kSeesAgainTime : limits::kDarkTime};
  if (nanoseconds{frame.arrival_ns - *since_ns_} < enough) return std::nullopt;
  since_ns_.reset();
  dark_ = !dark_;
  return dark_;
}

DarkPicture::Sight DarkPicture::look(const LumaGrid& points) {
  const auto black = static_cast<std::size_t>(
      std::ranges::count_if(points, [](std::uint8_t point) { return point <= kBlack; }));
  const double variance = variance_of(points);
  if (black * 100 >= kBlackPercent * points.size() || variance < kAlike * kAlike) {
    return Sight::Nothing;
  }
  if (black * 100 < kNotBlackPercent * points.size() && variance > kNotAlike * kNotAlike) {
    return Sight::Something;
  }
  return Sight::Unclear;
}

}  // namespace bulkhead::worker
