#include "worker/cascade/crop.hpp"

#include <algorithm>
#include <cmath>

namespace bulkhead::worker {

namespace {

struct Range {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
};

/// `end` itself need not be even: the last column of an odd picture has its colour, too.
Range whole_pixels(float from, float to, std::uint32_t end, std::uint32_t step) {
  const auto limit = static_cast<float>(end);
  const auto first = static_cast<std::uint32_t>(std::floor(std::clamp(from, 0.0F, limit)));
  const auto last = static_cast<std::uint32_t>(std::ceil(std::clamp(to, 0.0F, limit)));
  return {first / step * step, std::min((last + step - 1) / step * step, end)};
}

void move(Plane& plane, std::size_t x, std::size_t y) {
  if (plane.pixels != nullptr) plane.pixels += y * plane.stride + x;
}

}  // namespace

std::optional<Crop> crop(const Frame& frame, const Box& box, float padding) {
  constexpr std::size_t kBgrBytes = 3;
  const bool is_i420 = frame.format == PixelFormat::I420;
  const std::uint32_t step = is_i420 ? 2 : 1;
  const float beside = box.w * padding;
  const float above = box.h * padding;
  const Range x = whole_pixels(box.x - beside, box.x + box.w + beside, frame.width, step);
  const Range y = whole_pixels(box.y - above, box.y + box.h + above, frame.height, step);
  if (x.from >= x.to || y.from >= y.to) return std::nullopt;
  Crop part{frame, static_cast<float>(x.from), static_cast<float>(y.from)};
  part.frame.width = x.to - x.from;
  part.frame.height = y.to - y.from;
  if (is_i420) {
    move(part.frame.planes[0], x.from, y.from);
    move(part.frame.planes[1], x.from / 2, y.from / 2);
    move(part.frame.planes[2], x.from / 2, y.from / 2);
  } else {
    move(part.frame.planes[0], x.from * kBgrBytes, y.from);
  }
  return part;
}

}  // namespace bulkhead::worker
