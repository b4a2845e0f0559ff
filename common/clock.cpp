#include "common/clock.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

namespace bulkhead {

namespace {

constexpr std::int64_t kLastWallNs = INT64_MAX;  // year 2262

std::int64_t read_clock(clockid_t id) noexcept {
  timespec now{};
  ::clock_gettime(id, &now);
  return std::int64_t{now.tv_sec} * kNsPerSecond + now.tv_nsec;
}

}  // namespace

std::int64_t monotonic_ns() noexcept { return read_clock(CLOCK_MONOTONIC); }

std::int64_t wall_ns() noexcept { return read_clock(CLOCK_REALTIME); }

std::string iso8601_utc(std::int64_t wall_nanoseconds) {
  const std::int64_t clamped = std::clamp<std::int64_t>(wall_nanoseconds, 0, kLastWallNs);
  const std::time_t seconds = clamped / kNsPerSecond;
  const int micros = static_cast<int>(clamped % kNsPerSecond / 1000);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::array<char, 48> text{};
  const int length = std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ",
                                   utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour,
                                   utc.tm_min, utc.tm_sec, micros);
  return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace bulkhead
