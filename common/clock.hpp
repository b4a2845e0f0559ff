#pragma once

#include <cstdint>
#include <string>

namespace bulkhead {

/// Nanoseconds of CLOCK_MONOTONIC: the same axis in every process of one machine,
/// so the supervisor may compare it with what a worker wrote. For deadlines and ages.
[[nodiscard]] std::int64_t monotonic_ns() noexcept;

/// Nanoseconds since 1970 (CLOCK_REALTIME). Data only: never compared with a deadline.
[[nodiscard]] std::int64_t wall_ns() noexcept;

/// "2026-01-05T12:00:00.123456Z". Values before 1970 are clamped to it.
[[nodiscard]] std::string iso8601_utc(std::int64_t wall_nanoseconds);

}  // namespace bulkhead
