#include "worker/sink/sink_breaker.hpp"

#include <gtest/gtest.h>

#include "common/sink_limits.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;

TEST(SinkBreakerTest, AsManyFailuresInARowAsTheLimitSaysOpenIt) {
  SinkBreaker breaker{1};
  for (std::size_t i = 1; i < limits::kSinkFailures; ++i) {
    EXPECT_GE(breaker.failed(), limits::kSinkRetryFirst);
    EXPECT_EQ(breaker.state(), BreakerState::Closed);
    EXPECT_EQ(breaker.admit(), limits::kSinkBatchRecords);
  }
  EXPECT_LE(breaker.failed(), limits::kSinkRetryLongest);
  EXPECT_EQ(breaker.state(), BreakerState::Open);
}

TEST(SinkBreakerTest, AfterItsDelayOneRecordGoesOutAndItsFateDecides) {
  SinkBreaker breaker{1};
  (void)breaker.trip();
  EXPECT_EQ(breaker.admit(), 1U);
  EXPECT_EQ(breaker.state(), BreakerState::HalfOpen);
  (void)breaker.failed();
  EXPECT_EQ(breaker.state(), BreakerState::Open);
  EXPECT_EQ(breaker.admit(), 1U);
  breaker.succeeded();
  EXPECT_EQ(breaker.state(), BreakerState::Closed);
  EXPECT_EQ(breaker.admit(), limits::kSinkBatchRecords);
}

TEST(SinkBreakerTest, ASuccessForgetsFailures) {
  SinkBreaker breaker{1};
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 1; i < limits::kSinkFailures; ++i) (void)breaker.failed();
    breaker.succeeded();
  }
  EXPECT_EQ(breaker.state(), BreakerState::Closed);
}

TEST(SinkBreakerTest, DelaysStayWithinTheirLimitsForEver) {
  SinkBreaker breaker{7};
  for (int i = 0; i < 1000; ++i) {
    const auto delay = breaker.failed();
    ASSERT_GE(delay, limits::kSinkRetryFirst);
    ASSERT_LE(delay, limits::kSinkRetryLongest);
  }
}

TEST(ReplayPaceTest, WhatIsMadeUpForTakesHalfOfTheSinksTime) {
  ReplayPace pace;
  (void)pace.pause_after(7ms, 1000);
  EXPECT_EQ(pace.pause_after(7ms, 968), 7ms);
  EXPECT_EQ(pace.pause_after(9ms, 936), 9ms);
}

TEST(ReplayPaceTest, WhoIsNotBehindIsNotHeldUp) {
  ReplayPace pace;
  (void)pace.pause_after(7ms, 40);
  EXPECT_EQ(pace.pause_after(7ms, limits::kSinkBatchRecords + 1), 7ms);
  EXPECT_EQ(pace.pause_after(7ms, limits::kSinkBatchRecords), 0ms);
  EXPECT_EQ(pace.pause_after(7ms, 0), 0ms);
}

TEST(ReplayPaceTest, ABacklogThatGrowsIsNotHeldUp) {
  ReplayPace pace;
  (void)pace.pause_after(7ms, 1000);
  EXPECT_EQ(pace.pause_after(7ms, 1001), 0ms);
  EXPECT_EQ(pace.pause_after(7ms, 999), 7ms);
}

}  // namespace
}  // namespace bulkhead::worker
