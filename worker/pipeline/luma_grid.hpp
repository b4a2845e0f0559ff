#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "worker/frame/frame.hpp"

namespace bulkhead::worker {

inline constexpr std::size_t kLumaColumns = 64;
inline constexpr std::size_t kLumaRows = 36;

/// The brightness of single points of a picture, spread evenly over it and not averaged: noise,
/// light and motion change single points, and averages would hide that.
using LumaGrid = std::array<std::uint8_t, kLumaColumns * kLumaRows>;

/// A few microseconds. Nothing where the frame has no pixels. Of Bgr, which has no brightness of
/// its own, green stands for it.
[[nodiscard]] std::optional<LumaGrid> luma_grid(const Frame& frame);

}  // namespace bulkhead::worker
