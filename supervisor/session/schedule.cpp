#include "supervisor/session/schedule.hpp"

#include <algorithm>
#include <ctime>

namespace bulkhead::supervisor {

namespace {

constexpr std::int64_t kMinute = 60;
constexpr std::int64_t kDaySeconds = 24 * 60 * kMinute;
constexpr std::int64_t kWeek = 7 * kDaySeconds;
constexpr std::int64_t kEpochWeekday = 3;  // 1970 began on a Thursday

/// Seconds from one second of the week on to another, round the week's end: 0 up to a week.
std::int64_t seconds_between(std::int64_t from, std::int64_t to) {
  return ((to - from) % kWeek + kWeek) % kWeek;
}

/// Calls `visit` with begin and length of each window on each of its days, in seconds.
template <class Visit>
void for_each_opening(const WeeklySchedule& windows, Visit visit) {
  for (const WeeklyWindow& window : windows) {
    for (int day = 0; day < WeeklyWindow::kDaysPerWeek; ++day) {
      if (window.begins_on(day))
        visit(day * kDaySeconds + window.from * kMinute, window.minutes() * kMinute);
    }
  }
}

}  // namespace

std::int64_t local_utc_offset(std::int64_t utc_s) {
  ::tzset();  // localtime_r alone would keep the zone that it read first
  std::tm local{};
  const auto moment = static_cast<std::time_t>(utc_s);
  return ::localtime_r(&moment, &local) == nullptr ? 0 : local.tm_gmtoff;
}

bool Schedule::is_open(std::int64_t utc_s) const {
  const std::int64_t now = second_of_week(utc_s);
  bool open = false;
  for_each_opening(windows_, [&](std::int64_t begin, std::int64_t length) {
    open = open || seconds_between(begin, now) < length;
  });
  return open;
}

std::optional<std::int64_t> Schedule::next_change(std::int64_t utc_s) const {
  if (windows_.empty()) return std::nullopt;
  const bool open_now = is_open(utc_s);
  // From edge to edge, for one of a window inside another changes nothing. After a week and a shift
  // of the clock all of them have been seen.
  std::int64_t at = utc_s;
  while (at - utc_s <= kWeek + kDaySeconds) {
    std::int64_t next = at + until_next_edge(second_of_week(at));
    // What lies beyond a shift of the clock is not so far away, or farther.
    if (offset_(next) != offset_(at)) next = first_of_other_offset(at, next);
    at = next;
    if (is_open(at) != open_now) return at;
  }
  return std::nullopt;
}

std::int64_t Schedule::second_of_week(std::int64_t utc_s) const {
  return seconds_between(0, utc_s + offset_(utc_s) + kEpochWeekday * kDaySeconds);
}

std::int64_t Schedule::until_next_edge(std::int64_t second_of_week) const {
  std::int64_t nearest = kWeek;
  const auto consider = [&](std::int64_t edge) {
    const std::int64_t away = seconds_between(second_of_week, edge);
    nearest = std::min(nearest, away == 0 ? kWeek : away);
  };
  for_each_opening(windows_, [&](std::int64_t begin, std::int64_t length) {
    consider(begin);
    consider(begin + length);
  });
  return nearest;
}

std::int64_t Schedule::first_of_other_offset(std::int64_t before, std::int64_t after) const {
  const std::int64_t offset = offset_(before);
  while (after - before > 1) {
    const std::int64_t middle = before + (after - before) / 2;
    (offset_(middle) == offset ? before : after) = middle;
  }
  return after;
}

}  // namespace bulkhead::supervisor
