#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Limits of models that come from elsewhere, by URL or in a bundle.
namespace bulkhead::limits {

using namespace std::chrono_literals;

// One fetch. A model itself: limits::kModelFileBytes.
inline constexpr std::uint64_t kBundleBytes = std::uint64_t{1024} * 1024 * 1024;  // of the archive
inline constexpr long kFetchRedirects = 5;
inline constexpr auto kFetchConnectTime = 10s;
inline constexpr auto kFetchSilence = 30s;  // with less than kFetchBytesPerSecond
inline constexpr long kFetchBytesPerSecond = 1024;
inline constexpr auto kFetchTime = 30min;
inline constexpr auto kFetchGrace = 10s;  // past its own limit, then it is killed
inline constexpr std::uint64_t kFetchMemory = std::uint64_t{256} * 1024 * 1024;
inline constexpr std::size_t kFetchMessageBytes = std::size_t{64} * 1024;

// All of them.
inline constexpr std::size_t kFetchesAtOnce = 2;
inline constexpr std::size_t kFetchesWaiting = 64;
inline constexpr double kFetchesPerHostPerSecond = 0.5;
inline constexpr auto kFetchesPerHostBurst = 20s;  // ten at once
inline constexpr std::size_t kFetchHosts = 64;     // whose rate is remembered

// What is kept of them; models that a session uses are never taken away, so they may be more.
inline constexpr std::size_t kCachedModels = 64;
inline constexpr std::uint64_t kCachedModelBytes = std::uint64_t{16} * 1024 * 1024 * 1024;
inline constexpr std::size_t kPartialModels = 8;  // cut off, to be resumed

}  // namespace bulkhead::limits
