#pragma once

#include <cstdint>
#include <string>

namespace bulkhead {

inline constexpr std::int64_t kNsPerMs = 1'000'000;
inline constexpr std::int64_t kNsPerSecond = 1'000'000'000;

[[nodiscard]] constexpr double to_ms(std::int64_t ns) noexcept {
  return static_cast<double>(ns) / static_cast<double>(kNsPerMs);
}
[[nodiscard]] constexpr double to_seconds(std::int64_t ns) noexcept {
  return static_cast<double>(ns) / static_cast<double>(kNsPerSecond);
}

/// Nanoseconds of CLOCK_MONOTONIC: the same axis in every process of one machine,
/// so the supervisor may compare it with what a worker wrote. For deadlines and ages.
[[nodiscard]] std::int64_t monotonic_ns() noexcept;

/// Nanoseconds since 1970 (CLOCK_REALTIME). Data only: never compared with a deadline.
[[nodiscard]] std::int64_t wall_ns() noexcept;

/// "2026-01-05T12:00:00.123456Z". Values before 1970 are clamped to it.
[[nodiscard]] std::string iso8601_utc(std::int64_t wall_nanoseconds);

}  // namespace bulkhead
