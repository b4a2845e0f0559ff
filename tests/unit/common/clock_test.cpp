#include "common/clock.hpp"

#include <gtest/gtest.h>

namespace bulkhead {
namespace {

TEST(Clock, WallTimePrintsInUtcWithMicroseconds) {
  EXPECT_EQ(iso8601_utc(1'767'614'400'123'456'789), "2026-01-05T12:00:00.123456Z");
}

TEST(Clock, TheFirstAndTheLastPrintableMoment) {
  EXPECT_EQ(iso8601_utc(0), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(iso8601_utc(INT64_MAX), "2262-04-11T23:47:16.854775Z");
}

TEST(Clock, ATimeBefore1970IsClamped) { EXPECT_EQ(iso8601_utc(-1), "1970-01-01T00:00:00.000000Z"); }

TEST(Clock, MonotonicTimeNeverGoesBack) {
  const auto before = monotonic_ns();
  EXPECT_GT(before, 0);
  EXPECT_GE(monotonic_ns(), before);
}

TEST(Clock, WallTimeIsLaterThanTheDayThisWasWritten) {
  EXPECT_GT(wall_ns(), 1'700'000'000'000'000'000);
}

}  // namespace
}  // namespace bulkhead
