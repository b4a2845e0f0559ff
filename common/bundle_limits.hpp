#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Limits of bundles: a pipeline with its models in one zip.
namespace bulkhead::limits {

using namespace std::chrono_literals;

inline constexpr std::uint64_t kBundleUnpackedBytes = std::uint64_t{2} * 1024 * 1024 * 1024;
inline constexpr std::size_t kBundleEntries = 64;
inline constexpr std::size_t kBundleNameBytes = 128;
inline constexpr std::uint64_t kBundleRatio = 100;  // of unpacked to packed bytes
inline constexpr std::uint64_t kBundleRatioBytes = std::uint64_t{1024} * 1024;  // smaller: any
inline constexpr std::size_t kBundles = 32;
inline constexpr auto kUnpackTime = 5min;
inline constexpr auto kTrialTime = 2min;  // for its models to be loaded and run once

}  // namespace bulkhead::limits
