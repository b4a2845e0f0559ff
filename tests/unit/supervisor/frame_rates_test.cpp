#include "supervisor/session/frame_rates.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;

class FrameRatesTest : public testing::Test {
 protected:
  void run(double decoded_fps, double inferred_fps, std::chrono::milliseconds time,
           double rested_fps = 0) {
    for (const auto end = now_ + time; now_ < end;) {
      now_ += 200ms;
      decoded_ += decoded_fps * 0.2;
      inferred_ += inferred_fps * 0.2;
      rested_ += rested_fps * 0.2;
      rates_.observe(now_.count(), static_cast<std::uint64_t>(decoded_),
                     static_cast<std::uint64_t>(inferred_), static_cast<std::uint64_t>(rested_));
    }
  }

  std::chrono::nanoseconds now_ = 1h;
  double decoded_ = 0;
  double inferred_ = 0;
  double rested_ = 0;
  FrameRates rates_;
};

TEST_F(FrameRatesTest, NothingSeenIsARateOfZero) {
  EXPECT_EQ(rates_.inferred_per_second(), 0);
  EXPECT_FALSE(rates_.falling_behind(0));
}

TEST_F(FrameRatesTest, TheRateIsThatOfTheLastSecondsOnly) {
  run(25, 25, 60s);
  EXPECT_NEAR(rates_.decoded_per_second(), 25, 0.5);
  run(5, 5, 6s);
  EXPECT_NEAR(rates_.inferred_per_second(), 5, 0.5);
}

TEST_F(FrameRatesTest, LessThanHalfInferredIsFallingBehindAndThreeQuartersIsKeepingUp) {
  run(30, 12, 10s);
  EXPECT_TRUE(rates_.falling_behind(0));
  run(30, 18, 10s);
  EXPECT_TRUE(rates_.falling_behind(0)) << "not yet well enough";
  run(30, 25, 10s);
  EXPECT_FALSE(rates_.falling_behind(0));
  run(30, 18, 10s);
  EXPECT_FALSE(rates_.falling_behind(0)) << "not yet bad enough";
}

TEST_F(FrameRatesTest, FramesSkippedOnRequestAreNotMissed) {
  run(30, 5, 10s);
  EXPECT_FALSE(rates_.falling_behind(5));
  EXPECT_TRUE(rates_.falling_behind(15));
}

TEST_F(FrameRatesTest, OfEveryNthFrameTheOthersAreNotMissed) {
  run(30, 10, 10s);
  EXPECT_FALSE(rates_.falling_behind(0, 3));
  EXPECT_FALSE(rates_.falling_behind(5, 2)) << "the lower of both is asked";
  run(30, 4, 10s);
  EXPECT_TRUE(rates_.falling_behind(0, 3));
}

TEST_F(FrameRatesTest, FramesThatRestForLackOfMotionAreNotMissedAndNotInferred) {
  run(30, 1, 10s, 29);
  EXPECT_FALSE(rates_.falling_behind(0));
  EXPECT_NEAR(rates_.inferred_per_second(), 1, 0.5);
  run(30, 1, 10s, 5);
  EXPECT_TRUE(rates_.falling_behind(0));
}

TEST_F(FrameRatesTest, NoJudgementBeforeTheWindowIsFull) {
  run(30, 1, 4s);
  EXPECT_FALSE(rates_.falling_behind(0));
}

TEST_F(FrameRatesTest, CountersThatRunBackwardsGiveZero) {
  rates_.observe(1'000'000'000, std::numeric_limits<std::uint64_t>::max(), 1000);
  rates_.observe(2'000'000'000, 0, 10);
  EXPECT_EQ(rates_.inferred_per_second(), 0);
  EXPECT_EQ(rates_.decoded_per_second(), 0);
}

}  // namespace
}  // namespace bulkhead::supervisor
