#include "worker/pipeline/motion_gate.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <random>
#include <vector>

#include "common/clock.hpp"
#include "common/limits.hpp"
#include "common/stage_limits.hpp"

namespace bulkhead::worker {
namespace {

constexpr int kMotionFps = 10;
constexpr std::int64_t kMotionFrameNs = kNsPerSecond / kMotionFps;
constexpr std::uint32_t kMotionWidth = 640;
constexpr std::uint32_t kMotionHeight = 360;
constexpr int kHoldFrames =
    static_cast<int>(std::chrono::nanoseconds{limits::kMotionHold}.count() / kMotionFrameNs);

using MotionLuma = std::vector<std::uint8_t>;
using MotionPaint = std::function<void(MotionLuma&)>;

FrameRules rules_of(float min_area = 0.002F, double floor_fps = 1) {
  return {.every_n = 1, .motion = MotionRule{min_area, floor_fps}, .region = {}, .masks = {}};
}

MotionPaint square(std::uint32_t left, std::uint32_t top, std::uint32_t side) {
  return [=](MotionLuma& luma) {
    for (std::uint32_t y = top; y < top + side; ++y) {
      for (std::uint32_t x = left; x < left + side; ++x) luma[y * kMotionWidth + x] = 250;
    }
  };
}

/// A camera of 10 frames a second in front of a textured wall.
class MotionGateTest : public ::testing::Test {
 protected:
  /// How many of `count` frames, each painted over the wall, are let through.
  int show(int count, const MotionPaint& paint = {}) {
    int admitted = 0;
    for (int i = 0; i < count; ++i) {
      MotionLuma luma(std::size_t{kMotionWidth} * kMotionHeight);
      for (std::size_t p = 0; p < luma.size(); ++p) {
        luma[p] = static_cast<std::uint8_t>(60 + p * 31 % 100);
      }
      if (paint) paint(luma);
      now_ns_ += kMotionFrameNs;
      Frame frame;
      frame.arrival_ns = now_ns_;
      frame.width = kMotionWidth;
      frame.height = kMotionHeight;
      frame.planes[0] = {luma.data(), kMotionWidth};
      if (gate_.admit(frame)) ++admitted;
    }
    return admitted;
  }

  /// Until it rests.
  void settle() { show(kHoldFrames); }

  MotionGate gate_{rules_of()};
  std::int64_t now_ns_ = 1000 * kNsPerSecond;
};

TEST_F(MotionGateTest, TheBeginningIsMotionAndThenNothingButTheFloorRatePasses) {
  EXPECT_EQ(show(kHoldFrames), kHoldFrames);
  EXPECT_NEAR(show(10 * kMotionFps), 10, 1);
}

TEST_F(MotionGateTest, TheFloorRateIsCountedFromTheLastFrameThatPassed) {
  gate_ = MotionGate{rules_of(0.002F, 0.5)};
  settle();
  EXPECT_EQ(show(19), 0);
  EXPECT_EQ(show(1), 1);
  EXPECT_EQ(show(19), 0);
}

TEST_F(MotionGateTest, WhatMovesLetsEveryFrameThroughAndForAWhileAfterIt) {
  settle();
  EXPECT_EQ(show(kMotionFps / 2), 0);
  for (std::uint32_t step = 0; step < 20; ++step) {
    EXPECT_EQ(show(1, square(20 * step, 100, 40)), 1) << step;
  }
  EXPECT_EQ(show(kHoldFrames - 1), kHoldFrames - 1) << "its track ends meanwhile";
  EXPECT_EQ(show(1), 0);
  show(3 * kHoldFrames);
  EXPECT_NEAR(show(10 * kMotionFps), 10, 1) << "where it was is background again";
}

TEST_F(MotionGateTest, WhatCreepsIsMotionThoughTwoFramesHardlyDiffer) {
  settle();
  show(kMotionFps);
  int admitted = 0;
  for (std::uint32_t step = 0; step < 200; ++step) admitted += show(1, square(100 + step, 100, 80));
  EXPECT_GE(admitted, 190) << "a pixel a frame";
}

TEST_F(MotionGateTest, WhatHasComeAndStaysBecomesBackground) {
  settle();
  show(15 * kMotionFps, square(100, 100, 80));
  EXPECT_NEAR(show(10 * kMotionFps, square(100, 100, 80)), 10, 1);
}

TEST_F(MotionGateTest, LessThanTheLeastAreaIsNone) {
  settle();
  show(kMotionFps);
  // Points of the grid lie ten pixels apart: 0.002 of 2304 are five of them.
  EXPECT_LE(show(kMotionFps, square(100, 100, 20)), 1) << "four";
  EXPECT_EQ(show(kMotionFps, square(100, 100, 30)), kMotionFps) << "nine";
}

TEST_F(MotionGateTest, ASensorsNoiseAtNightIsNoMotion) {
  std::mt19937 random{7};
  std::normal_distribution<float> by{0, 4};
  const MotionPaint noise = [&](MotionLuma& luma) {
    // Of the points of the grid alone: the others are not looked at.
    for (std::size_t y = 5; y < kMotionHeight; y += 10) {
      for (std::size_t x = 5; x < kMotionWidth; x += 10) {
        auto& pixel = luma[y * kMotionWidth + x];
        pixel = static_cast<std::uint8_t>(static_cast<float>(pixel) + by(random));
      }
    }
  };
  show(4 * kHoldFrames, noise);  // what is usual has to be known first
  EXPECT_NEAR(show(20 * kMotionFps, noise), 20, 2);
}

TEST_F(MotionGateTest, TheLightThatGoesOnIsMotionAndADayThatBreaksIsNot) {
  settle();
  show(kMotionFps);
  const auto brighter = [](int by) {
    return [by](MotionLuma& luma) {
      for (auto& pixel : luma) pixel = static_cast<std::uint8_t>(pixel + by);
    };
  };
  EXPECT_EQ(show(1, brighter(40)), 1);
  show(4 * kHoldFrames, brighter(40));
  int admitted = 0;
  for (int i = 0; i < 40; ++i) admitted += show(kMotionFps, brighter(40 + i));
  EXPECT_NEAR(admitted, 40, 2) << "a step of the brightness a second";
}

TEST_F(MotionGateTest, WhatMovesInAMaskOrOutsideOfTheRegionWakesNobody) {
  FrameRules rules = rules_of();
  rules.masks = {{{0, 0}, {0.5F, 0}, {0.5F, 0.5F}, {0, 0.5F}}};
  rules.region = Region{0, 0, 1, 0.75F};
  gate_ = MotionGate{rules};
  settle();
  show(kMotionFps);
  EXPECT_LE(show(kMotionFps, square(100, 60, 80)), 1) << "in the mask";
  EXPECT_LE(show(kMotionFps, square(400, 275, 80)), 1) << "below the region";
  EXPECT_EQ(show(1, square(400, 60, 80)), 1);
}

TEST_F(MotionGateTest, AnotherSizeBeginsAnewAndAPictureWithoutPixelsIsLetThrough) {
  settle();
  EXPECT_EQ(show(2), 0);
  Frame frame;
  frame.arrival_ns = now_ns_ + 1;
  EXPECT_TRUE(gate_.admit(frame));
  show(3 * kHoldFrames);
  const MotionLuma small(64 * 36, 128);
  frame.width = 64;
  frame.height = 36;
  frame.planes[0] = {small.data(), 64};
  frame.arrival_ns = now_ns_ + kMotionFrameNs;
  EXPECT_TRUE(gate_.admit(frame));
}

}  // namespace
}  // namespace bulkhead::worker
