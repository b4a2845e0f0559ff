#include "supervisor/session/schedule.hpp"

#include <gtest/gtest.h>

#include <ctime>

namespace bulkhead::supervisor {
namespace {

constexpr std::int64_t kHour = 3600;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kMonday = 1'767'571'200;        // 2026-01-05, 00:00 UTC
constexpr std::int64_t kSummerBegins = 1'774'746'000;  // Sunday, 2026-03-29, 01:00 UTC
constexpr std::int64_t kSummerEnds = 1'792'890'000;    // Sunday, 2026-10-25, 01:00 UTC
constexpr std::uint8_t kMon = 0b0000001;
constexpr std::uint8_t kFri = 0b0010000;
constexpr std::uint8_t kSun = 0b1000000;
constexpr std::uint8_t kEveryDay = 0b1111111;

int at(int hour, int minute = 0) { return hour * 60 + minute; }

/// Windows and a zone of their own.
struct Fixture {
  WeeklySchedule windows;
  UtcOffset offset = [](std::int64_t) { return 0; };
  Schedule schedule{windows, offset};
};

/// Central Europe in 2026.
std::int64_t berlin(std::int64_t utc_s) {
  return (utc_s >= kSummerBegins && utc_s < kSummerEnds ? 2 : 1) * kHour;
}

TEST(ScheduleTest, ItOpensAndClosesAtItsMinutesAndTheEndIsOutside) {
  const Fixture day{{{.days = kMon, .from = at(8), .to = at(18)}}};
  EXPECT_FALSE(day.schedule.is_open(kMonday + 8 * kHour - 1));
  EXPECT_TRUE(day.schedule.is_open(kMonday + 8 * kHour));
  EXPECT_TRUE(day.schedule.is_open(kMonday + 18 * kHour - 1));
  EXPECT_FALSE(day.schedule.is_open(kMonday + 18 * kHour));
  EXPECT_FALSE(day.schedule.is_open(kMonday + kDay + 9 * kHour)) << "Tuesday";
  EXPECT_EQ(day.schedule.next_change(kMonday), kMonday + 8 * kHour);
  EXPECT_EQ(day.schedule.next_change(kMonday + 8 * kHour), kMonday + 18 * kHour);
  EXPECT_EQ(day.schedule.next_change(kMonday + 18 * kHour), kMonday + 7 * kDay + 8 * kHour);
}

TEST(ScheduleTest, AWindowOverMidnightBelongsToTheDayItBeginsOn) {
  const Fixture night{{{.days = kSun, .from = at(22), .to = at(6)}}};
  EXPECT_TRUE(night.schedule.is_open(kMonday + 6 * kHour - 1)) << "Sunday's night, round the week";
  EXPECT_FALSE(night.schedule.is_open(kMonday + 6 * kHour));
  EXPECT_FALSE(night.schedule.is_open(kMonday + 23 * kHour));
  EXPECT_EQ(night.schedule.next_change(kMonday), kMonday + 6 * kHour);
  EXPECT_EQ(night.schedule.next_change(kMonday + 6 * kHour), kMonday + 6 * kDay + 22 * kHour);
}

TEST(ScheduleTest, WindowsThatTouchOrOverlapAreOne) {
  const Fixture both{{{.days = kMon, .from = at(8), .to = at(12)},
                      {.days = kMon, .from = at(12), .to = at(14)},
                      {.days = kMon, .from = at(9), .to = at(10)}}};
  EXPECT_EQ(both.schedule.next_change(kMonday + 8 * kHour), kMonday + 14 * kHour);
}

TEST(ScheduleTest, OneThatIsAlwaysOpenNeverChanges) {
  const Fixture always{{{.days = kEveryDay, .from = 0, .to = at(24)}}};
  for (int hour = 0; hour < 7 * 24; ++hour) {
    EXPECT_TRUE(always.schedule.is_open(kMonday + hour * kHour));
  }
  EXPECT_EQ(always.schedule.next_change(kMonday + 5), std::nullopt);
  EXPECT_EQ(Fixture{}.schedule.next_change(kMonday), std::nullopt);
  EXPECT_FALSE(Fixture{}.schedule.is_open(kMonday));
}

TEST(ScheduleTest, HoursAreThoseOfTheZone) {
  const Fixture india{{{.days = kMon, .from = at(0), .to = at(1)}},
                      [](std::int64_t) { return 5 * kHour + kHour / 2; }};
  EXPECT_EQ(india.schedule.next_change(kMonday - kDay), kMonday - 5 * kHour - kHour / 2);
  const Fixture west{{{.days = kMon, .from = at(0), .to = at(1)}},
                     [](std::int64_t) { return -8 * kHour; }};
  EXPECT_EQ(west.schedule.next_change(kMonday), kMonday + 8 * kHour);
}

TEST(ScheduleTest, AWindowKeepsItsHoursWhenSummerTimeBeginsOrEnds) {
  const Fixture friday{{{.days = kFri, .from = at(8), .to = at(9)}}, berlin};
  // On both sides of the shift eight o'clock is eight o'clock: 07:00 and 06:00 UTC.
  EXPECT_EQ(friday.schedule.next_change(kSummerBegins - kDay),
            kSummerBegins - kHour + 5 * kDay + 6 * kHour);
  EXPECT_EQ(friday.schedule.next_change(kSummerEnds - kDay),
            kSummerEnds - kHour + 5 * kDay + 7 * kHour);
}

TEST(ScheduleTest, TheHourThatSummerTimeSkipsIsNeverOpen) {
  const Fixture skipped{{{.days = kSun, .from = at(2), .to = at(3)}}, berlin};
  for (std::int64_t s = kSummerBegins - 6 * kHour; s < kSummerBegins + 6 * kHour; s += 60) {
    EXPECT_FALSE(skipped.schedule.is_open(s));
  }
  EXPECT_EQ(skipped.schedule.next_change(kSummerBegins - kDay), kSummerBegins + 7 * kDay - kHour);
  const Fixture into{{{.days = kSun, .from = at(2, 30), .to = at(5)}}, berlin};
  EXPECT_EQ(into.schedule.next_change(kSummerBegins - kDay), kSummerBegins)
      << "what began within it begins as soon as there is such a time";
  const Fixture over{{{.days = kSun, .from = at(1), .to = at(2, 30)}}, berlin};
  EXPECT_EQ(over.schedule.next_change(kSummerBegins - 1), kSummerBegins) << "and ends with it";
}

TEST(ScheduleTest, TheHourThatSummerTimeRepeatsIsOpenTwice) {
  const Fixture twice{{{.days = kSun, .from = at(2), .to = at(2, 30)}}, berlin};
  const std::int64_t first = kSummerEnds - kHour;
  EXPECT_EQ(twice.schedule.next_change(first - kDay), first);
  EXPECT_EQ(twice.schedule.next_change(first), first + kHour / 2);
  EXPECT_EQ(twice.schedule.next_change(first + kHour / 2), kSummerEnds);
  EXPECT_EQ(twice.schedule.next_change(kSummerEnds), kSummerEnds + kHour / 2);
}

TEST(ScheduleTest, TheNextChangeIsTheFirstMomentThatDiffersThroughoutTheYear) {
  const Fixture odd{{{.days = kSun | kFri, .from = at(1, 45), .to = at(2, 15)},
                     {.days = kSun, .from = at(23), .to = at(3)},
                     {.days = kMon, .from = at(2, 50), .to = at(2, 55)}},
                    berlin};
  for (const std::int64_t around : {kMonday, kSummerBegins, kSummerEnds}) {
    const std::int64_t end = around + 3 * kDay;
    for (std::int64_t s = around - 3 * kDay; s < end;) {
      const auto next = odd.schedule.next_change(s);
      ASSERT_TRUE(next);
      std::int64_t seen = s + 60;  // all shifts and edges are at whole minutes
      while (odd.schedule.is_open(seen) == odd.schedule.is_open(s)) seen += 60;
      ASSERT_EQ(*next, seen) << s;
      s = seen;
    }
  }
}

TEST(ScheduleTest, TheMachinesZoneIsReadAgainWhenItHasChanged) {
  // Nobody else looks at the environment of this test.
  const char* before = std::getenv("TZ");  // NOLINT(concurrency-mt-unsafe)
  const std::string kept = before == nullptr ? "" : before;
  const auto in = [](const char* zone, std::int64_t utc_s) {
    ::setenv("TZ", zone, 1);  // NOLINT(concurrency-mt-unsafe)
    return local_utc_offset(utc_s);
  };
  EXPECT_EQ(in("UTC0", kMonday), 0);
  EXPECT_EQ(in("CET-1CEST,M3.5.0,M10.5.0/3", kMonday), kHour);
  EXPECT_EQ(in("CET-1CEST,M3.5.0,M10.5.0/3", kSummerBegins), 2 * kHour);
  EXPECT_EQ(in("CET-1CEST,M3.5.0,M10.5.0/3", kSummerEnds - 1), 2 * kHour);
  EXPECT_EQ(in("<-0330>3:30", kMonday), -3 * kHour - kHour / 2);
  if (before == nullptr) {
    ::unsetenv("TZ");  // NOLINT(concurrency-mt-unsafe)
  } else {
    ::setenv("TZ", kept.c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  }
}

}  // namespace
}  // namespace bulkhead::supervisor
