#include "supervisor/stream/flow_control.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "common/clock.hpp"

namespace bulkhead::supervisor {
namespace {

using Verdict = SlowConsumer::Verdict;

constexpr std::int64_t kMinute = 60 * kNsPerSecond;

TEST(PressureGaugeTest, EntersAtItsThresholdsAndLeavesBelowLowerOnes) {
  PressureGauge gauge;
  EXPECT_EQ(gauge.update(0.69), Pressure::None);
  EXPECT_EQ(gauge.update(0.7), Pressure::Pressed);
  EXPECT_EQ(gauge.update(0.5), Pressure::Pressed);
  EXPECT_EQ(gauge.update(0.49), Pressure::None);
  EXPECT_EQ(gauge.update(0.9), Pressure::Shedding);
  EXPECT_EQ(gauge.update(0.7), Pressure::Shedding);
  EXPECT_EQ(gauge.update(0.69), Pressure::Pressed);
  EXPECT_EQ(gauge.update(0.9), Pressure::Shedding);
  EXPECT_EQ(gauge.update(0.1), Pressure::None);
}

TEST(DrainMeterTest, LongMeasurementsCountMoreThanShortOnes) {
  DrainMeter meter;
  EXPECT_EQ(meter.per_second(), 0);
  meter.add(100, kNsPerSecond);
  EXPECT_DOUBLE_EQ(meter.per_second(), 100);
  meter.add(1000, kNsPerMs);
  EXPECT_LT(meter.per_second(), 1200) << "a millisecond's worth changes little";
  for (int i = 0; i < 20; ++i) meter.add(10, kNsPerSecond);
  EXPECT_NEAR(meter.per_second(), 10, 1);
}

TEST(DrainMeterTest, WhatIsTakenAtOnceIsNoInfiniteRate) {
  DrainMeter meter;
  meter.add(5, 0);
  EXPECT_DOUBLE_EQ(meter.per_second(), 5000);
}

TEST(SlowConsumerTest, FiveSlowWritesWithinAMinuteMakeOneAndFiveMoreAreTooMany) {
  SlowConsumer consumer;
  for (int i = 0; i < 4; ++i) EXPECT_EQ(consumer.slow_write(i), Verdict::Fine);
  EXPECT_FALSE(consumer.is_slow());
  EXPECT_EQ(consumer.slow_write(kMinute), Verdict::BecameSlow);
  EXPECT_TRUE(consumer.is_slow());
  for (int i = 0; i < 4; ++i) EXPECT_EQ(consumer.slow_write(kMinute + i), Verdict::Fine);
  EXPECT_EQ(consumer.slow_write(2 * kMinute), Verdict::TooSlow);
  EXPECT_EQ(consumer.slow_writes_total(), 10U);
}

TEST(SlowConsumerTest, FourAMinuteAreNoSlowConsumerHoweverLong) {
  SlowConsumer consumer;
  for (std::int64_t i = 0; i < 100; ++i) {
    EXPECT_EQ(consumer.slow_write(i * (kMinute / 4 + 1)), Verdict::Fine);
  }
}

TEST(SlowConsumerTest, AMinuteWithoutOneClearsAll) {
  SlowConsumer consumer;
  for (int i = 0; i < 5; ++i) (void)consumer.slow_write(0);
  EXPECT_FALSE(consumer.recovers(kMinute));
  EXPECT_TRUE(consumer.recovers(kMinute + 1));
  EXPECT_FALSE(consumer.recovers(kMinute + 2)) << "told once";
  for (int i = 0; i < 4; ++i) EXPECT_EQ(consumer.slow_write(2 * kMinute), Verdict::Fine);
  EXPECT_EQ(consumer.slow_write(2 * kMinute), Verdict::BecameSlow);
}

}  // namespace
}  // namespace bulkhead::supervisor
