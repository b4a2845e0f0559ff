#include "worker/pipeline/luma_grid.hpp"

namespace bulkhead::worker {

std::optional<LumaGrid> luma_grid(const Frame& frame) {
  if (frame.planes[0].pixels == nullptr || frame.width == 0 || frame.height == 0) return {};
  LumaGrid points;
  const bool i420 = frame.format == PixelFormat::I420;
  const std::size_t step = i420 ? 1 : 3;
  for (std::size_t row = 0; row < kLumaRows; ++row) {
    const std::size_t y = (2 * row + 1) * frame.height / (2 * kLumaRows);
    const std::uint8_t* const line =
        frame.planes[0].pixels + y * frame.planes[0].stride + (i420 ? 0 : 1);
    for (std::size_t column = 0; column < kLumaColumns; ++column) {
      points[row * kLumaColumns + column] =
          line[(2 * column + 1) * frame.width / (2 * kLumaColumns) * step];
    }
  }
  return points;
}

}  // namespace bulkhead::worker
