#include "common/backoff.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace bulkhead {
namespace {

using namespace std::chrono_literals;

TEST(Backoff, EveryDelayLiesBetweenBaseAndThreeTimesTheOneBefore) {
  Backoff backoff{100ms, 30s, 7};
  auto previous = 100ms;
  for (int i = 0; i < 200; ++i) {
    const auto delay = backoff.next();
    EXPECT_GE(delay, 100ms);
    EXPECT_LE(delay, std::max(100ms, previous * 3));
    previous = delay;
  }
}

TEST(Backoff, DelaysNeverPassTheCapAndStillVaryThere) {
  Backoff backoff{100ms, 1s, 7};
  std::set<std::chrono::milliseconds> seen;
  for (int i = 0; i < 200; ++i) {
    const auto delay = backoff.next();
    EXPECT_LE(delay, 1s);
    seen.insert(delay);
  }
  EXPECT_GT(*seen.rbegin(), 900ms);
  EXPECT_GT(seen.size(), 50U);
}

TEST(Backoff, ResetReturnsToShortDelays) {
  Backoff backoff{100ms, 1h, 7};
  for (int i = 0; i < 50; ++i) (void)backoff.next();
  backoff.reset();
  EXPECT_LE(backoff.next(), 300ms);
}

TEST(Backoff, CamerasThatFailedTogetherDoNotReturnTogether) {
  std::set<std::chrono::milliseconds> first_delays;
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    first_delays.insert(Backoff{1s, 1min, seed}.next());
  }
  EXPECT_GT(first_delays.size(), 10U);
}

TEST(Backoff, TheLargestCapDoesNotOverflow) {
  Backoff backoff{1ms, std::chrono::milliseconds::max(), 7};
  for (int i = 0; i < 500; ++i) EXPECT_GE(backoff.next(), 1ms);
}

TEST(Backoff, ACapEqualToTheBaseIsAConstantDelay) {
  Backoff backoff{250ms, 250ms, 7};
  EXPECT_EQ(backoff.next(), 250ms);
  EXPECT_EQ(backoff.next(), 250ms);
}

}  // namespace
}  // namespace bulkhead
