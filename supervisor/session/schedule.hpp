#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "common/weekly_schedule.hpp"

namespace bulkhead::supervisor {

/// Seconds that the clock on the wall is ahead of UTC at a moment, given in seconds since 1970 UTC.
using UtcOffset = std::function<std::int64_t(std::int64_t)>;

/// By the zone of this machine, as it is now: a zone that was changed is read again.
[[nodiscard]] std::int64_t local_utc_offset(std::int64_t utc_s);

/// What a weekly schedule says of moments, which are seconds since 1970 UTC.
///
/// It follows the clock on the wall: an hour that summer time skips is never open, and one that it
/// repeats is open twice. Pure, given a pure offset; that may change at most once in a week.
class Schedule {
 public:
  /// Both outlive it.
  Schedule(const WeeklySchedule& windows, const UtcOffset& offset)
      : windows_{windows}, offset_{offset} {}

  [[nodiscard]] bool is_open(std::int64_t utc_s) const;

  /// The first moment after this one at which it opens or closes. Nothing: it never does.
  [[nodiscard]] std::optional<std::int64_t> next_change(std::int64_t utc_s) const;

 private:
  [[nodiscard]] std::int64_t second_of_week(std::int64_t utc_s) const;  // local, from Monday
  [[nodiscard]] std::int64_t until_next_edge(std::int64_t second_of_week) const;
  [[nodiscard]] std::int64_t first_of_other_offset(std::int64_t before, std::int64_t after) const;

  const WeeklySchedule& windows_;
  const UtcOffset& offset_;
};

}  // namespace bulkhead::supervisor
