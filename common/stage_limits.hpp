#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Limits of what a root detector is told beyond its model; those of all stages are in limits.hpp.
namespace bulkhead::limits {

using namespace std::chrono_literals;

inline constexpr std::size_t kClassThresholds = 128;  // of one detect stage
inline constexpr std::size_t kMasks = 16;
inline constexpr std::size_t kMaskPoints = 64;
inline constexpr double kLeastRegionSide = 0.01;  // parts of the picture's width and height
inline constexpr std::int64_t kEveryN = 1000;
inline constexpr double kLeastMotionArea = 0.0005;  // parts of the picture: two points of the grid
inline constexpr double kLeastFloorFps = 0.1;
inline constexpr std::size_t kFrameRulesJsonBytes = std::size_t{40} * 1024;  // in a command

// Motion of a picture. What stays is background after some of this time; after motion every frame
// is looked at for so long, and that is longer than a track is waited for, so tracks have ended.
inline constexpr auto kMotionMemory = 3s;
inline constexpr auto kMotionHold = 3s;

}  // namespace bulkhead::limits
