#include "worker/log_throttle.hpp"

#include <gtest/gtest.h>

#include <cstdint>

#include "common/clock.hpp"

namespace bulkhead::worker {
namespace {

TEST(LogThrottleTest, ABurstPassesAndAFloodIsBoundedInTheLongRun) {
  LogThrottle throttle;
  int admitted = 0;
  for (int i = 0; i < 100'000; ++i) {
    if (throttle.admit(kNsPerSecond + i * (kNsPerSecond / 1000)))
      ++admitted;  // 1000 a second, 100 s long
  }
  EXPECT_GE(admitted, 540);
  EXPECT_LE(admitted, 560);
}

TEST(LogThrottleTest, TheNextLineSaysHowManyWereRefused) {
  LogThrottle throttle;
  int refused = 0;
  for (int i = 0; i < 80; ++i) {
    if (!throttle.admit(kNsPerSecond)) ++refused;
  }
  EXPECT_EQ(refused, 30);
  EXPECT_EQ(throttle.admit(2 * kNsPerSecond), 30U);
  EXPECT_EQ(throttle.admit(2 * kNsPerSecond), 0U);
}

}  // namespace
}  // namespace bulkhead::worker
