#include "worker/pipeline/frozen_picture.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <random>
#include <vector>

#include "common/clock.hpp"
#include "common/limits.hpp"

namespace bulkhead::worker {
namespace {

constexpr std::int64_t kFrameNs = 200 * kNsPerMs;
constexpr int kFramesToFreeze =
    static_cast<int>(std::chrono::nanoseconds{limits::kFrozenTime}.count() / kFrameNs);

/// A camera of 5 frames a second in front of a textured wall.
class FrozenPictureTest : public ::testing::Test {
 protected:
  using Paint = std::function<void(std::vector<std::uint8_t>&)>;

  /// Shows `count` frames, each painted anew over the wall; what was noticed last.
  std::optional<bool> show(int count, const Paint& paint = {}) {
    std::optional<bool> noticed;
    for (int i = 0; i < count; ++i) {
      std::vector<std::uint8_t> luma(std::size_t{width_} * height_);
      for (std::size_t p = 0; p < luma.size(); ++p) {
        luma[p] = static_cast<std::uint8_t>(40 + p * 31 % 150);
      }
      if (paint) paint(luma);
      now_ns_ += kFrameNs;
      Frame frame;
      frame.arrival_ns = now_ns_;
      frame.width = width_;
      frame.height = height_;
      frame.planes[0] = {luma.data(), width_};
      if (const auto change = picture_.observe(frame)) noticed = change;
    }
    return noticed;
  }

  Paint noise(int amplitude) {
    return [this, amplitude](auto& luma) {
      std::uniform_int_distribution<int> by{-amplitude, amplitude};
      for (auto& pixel : luma) pixel = static_cast<std::uint8_t>(pixel + by(random_));
    };
  }

  /// A person of a tenth of the picture's width who walks through it.
  Paint walker() {
    return [this](auto& luma) {
      const std::uint32_t left = step_++ * 4 % (width_ - width_ / 10);
      for (std::uint32_t y = height_ / 2; y < height_; ++y) {
        for (std::uint32_t x = left; x < left + width_ / 10; ++x) luma[y * width_ + x] = 250;
      }
    };
  }

  /// The time of day in a corner, a hundredth of the picture, other digits each second.
  Paint clock() {
    return [this](auto& luma) {
      const auto digit = static_cast<std::uint8_t>(step_++ * 7 % 200);
      for (std::uint32_t y = 0; y < height_ / 20; ++y) {
        for (std::uint32_t x = 0; x < width_ / 5; ++x) luma[y * width_ + x] = digit;
      }
    };
  }

  FrozenPicture picture_;
  std::int64_t now_ns_ = 1000 * kNsPerSecond;
  std::uint32_t width_ = 320;
  std::uint32_t height_ = 180;
  std::mt19937 random_{1};
  std::uint32_t step_ = 0;
};

TEST_F(FrozenPictureTest, TheSamePictureForAMinuteIsFrozenAndSaidOnce) {
  EXPECT_EQ(show(kFramesToFreeze - 10), std::nullopt);
  EXPECT_EQ(show(20), true);
  EXPECT_EQ(show(2 * kFramesToFreeze), std::nullopt);
}

TEST_F(FrozenPictureTest, AnEncodersNoiseDoesNotMakeAPictureLive) {
  EXPECT_EQ(show(kFramesToFreeze + 10, noise(1)), true);
}

TEST_F(FrozenPictureTest, AClockBurntIntoAFrozenPictureDoesNotMakeItLive) {
  EXPECT_EQ(show(kFramesToFreeze + 10, clock()), true);
}

TEST_F(FrozenPictureTest, AStillSceneWithACamerasNoiseIsNotFrozen) {
  EXPECT_EQ(show(3 * kFramesToFreeze, noise(6)), std::nullopt);
}

TEST_F(FrozenPictureTest, OnePersonWhoWalksByIsNotFrozen) {
  EXPECT_EQ(show(3 * kFramesToFreeze, walker()), std::nullopt);
}

TEST_F(FrozenPictureTest, APictureThatMovesAgainIsSaidToDoSo) {
  ASSERT_EQ(show(kFramesToFreeze + 10), true);
  EXPECT_EQ(show(10, walker()), false);
  EXPECT_EQ(show(kFramesToFreeze + 10), true) << "and may freeze again";
}

TEST_F(FrozenPictureTest, APauseOfTheFramesBeginsAnew) {
  (void)show(kFramesToFreeze - 10);
  now_ns_ += 3 * kNsPerSecond;
  EXPECT_EQ(show(kFramesToFreeze - 10), std::nullopt);
  EXPECT_EQ(show(20), true);
}

TEST_F(FrozenPictureTest, AnotherSizeBeginsAnew) {
  (void)show(kFramesToFreeze - 10);
  width_ = 640;
  height_ = 360;
  EXPECT_EQ(show(kFramesToFreeze - 10), std::nullopt);
}

TEST_F(FrozenPictureTest, TheSmallestPictureAndOneWithoutPixelsDoNoHarm) {
  width_ = 1;
  height_ = 1;
  EXPECT_EQ(show(10), std::nullopt);
  EXPECT_EQ(picture_.observe({}), std::nullopt);
}

}  // namespace
}  // namespace bulkhead::worker
