#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Limits of a second model that runs beside a session's own.
namespace bulkhead::limits {

using namespace std::chrono_literals;

inline constexpr std::uint32_t kCanaryEveryN = 10;  // unless another number is given
inline constexpr std::uint32_t kCanaryLongestEveryN = 10'000;
inline constexpr std::uint64_t kCanaryFrames = 1'000'000;  // that a rule may ask for
inline constexpr double kCanaryCostRatio = 100;            // that a rule may allow
inline constexpr float kCanaryIou = 0.5F;  // of two boxes that are the same thing, at least
inline constexpr std::size_t kCanaryPipelineBytes = std::size_t{96} * 1024;  // as JSON
inline constexpr auto kCanaryReportPause = 1s;
// Its thread runs behind all others, so it gets much more time than a worker of its own.
inline constexpr auto kCanaryLoadTime = 5min;
inline constexpr auto kCanaryLookTime = 60s;   // at one frame
inline constexpr auto kCanaryEndTime = 200ms;  // to be waited for when its worker ends

}  // namespace bulkhead::limits
