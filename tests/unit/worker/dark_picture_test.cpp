#include "worker/pipeline/dark_picture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <random>
#include <vector>

#include "common/clock.hpp"
#include "common/limits.hpp"

namespace bulkhead::worker {
namespace {

/// A camera of 5 frames a second.
class DarkPictureTest : public ::testing::Test {
 protected:
  static constexpr std::int64_t kFrameNs = 200 * kNsPerMs;
  static constexpr int kFramesASecond = static_cast<int>(kNsPerSecond / kFrameNs);
  static constexpr int kFramesToDarken =
      static_cast<int>(std::chrono::nanoseconds{limits::kDarkTime}.count() / kFrameNs);
  static constexpr int kFramesToSeeAgain =
      static_cast<int>(std::chrono::nanoseconds{limits::kSeesAgainTime}.count() / kFrameNs);

  using Luma = std::vector<std::uint8_t>;
  using Paint = std::function<void(Luma&)>;

  /// Shows `count` frames; all that was noticed.
  std::vector<bool> show(int count, const Paint& paint) {
    std::vector<bool> noticed;
    for (int i = 0; i < count; ++i) {
      Luma luma(std::size_t{width_} * height_);
      paint(luma);
      now_ns_ += kFrameNs;
      Frame frame;
      frame.arrival_ns = now_ns_;
      frame.width = width_;
      frame.height = height_;
      frame.planes[0] = {luma.data(), width_};
      if (const auto change = picture_.observe(frame)) noticed.push_back(*change);
    }
    return noticed;
  }

  /// One brightness and a sensor's noise around it.
  Paint even(int brightness, double noise = 0) {
    return [this, brightness, noise](Luma& luma) {
      std::normal_distribution<double> of{static_cast<double>(brightness), noise};
      for (auto& pixel : luma) {
        const double value = noise > 0 ? of(random_) : brightness;
        pixel = static_cast<std::uint8_t>(std::clamp(value, 0.0, 255.0));
      }
    };
  }

  /// From left to right brighter by `range`, like a wall or a street in fog.
  Paint shaded(int range) {
    return [this, range](Luma& luma) {
      for (std::size_t i = 0; i < luma.size(); ++i) {
        luma[i] = static_cast<std::uint8_t>(120 + static_cast<int>(i % width_) * range /
                                                      static_cast<int>(width_));
      }
    };
  }

  /// Night, with lit windows on `percent` of the picture, nowhere in step with what is looked at.
  Paint night(unsigned percent) {
    return [this, percent](Luma& luma) {
      std::uniform_int_distribution<unsigned> of{0, 99};
      for (auto& pixel : luma) pixel = of(random_) < percent ? 200 : 20;
    };
  }

  DarkPicture picture_;
  std::int64_t now_ns_ = 1000 * kNsPerSecond;
  std::uint32_t width_ = 320;
  std::uint32_t height_ = 180;
  std::mt19937 random_{1};
};

using Said = std::vector<bool>;

TEST_F(DarkPictureTest, ABlackPictureIsSaidOnceAfterItsTimeAndNoSooner) {
  EXPECT_EQ(show(kFramesToDarken - kFramesASecond, even(16, 2)), Said{});
  EXPECT_EQ(show(2 * kFramesASecond, even(16, 2)), Said{true});
  EXPECT_EQ(show(2 * kFramesToDarken, even(16, 2)), Said{});
}

TEST_F(DarkPictureTest, ACoveredLensIsSaidWhateverItsBrightness) {
  for (const int brightness : {60, 128, 240}) {
    picture_ = {};
    EXPECT_EQ(show(kFramesToDarken + kFramesASecond, even(brightness, 4)), Said{true})
        << brightness;
  }
}

TEST_F(DarkPictureTest, ADullSceneIsNoAlert) {
  EXPECT_EQ(show(2 * kFramesToDarken, shaded(40)), Said{});
}

TEST_F(DarkPictureTest, ANightWithAFewLampsIsNoAlertAndWithoutAnyItIs) {
  EXPECT_EQ(show(2 * kFramesToDarken, night(5)), Said{});
  EXPECT_EQ(show(2 * kFramesToDarken, night(1)), Said{true});
}

TEST_F(DarkPictureTest, ItIsTakenBackOnceThePictureShowsSomethingForAWhile) {
  ASSERT_EQ(show(kFramesToDarken + kFramesASecond, even(16)), Said{true});
  EXPECT_EQ(show(kFramesASecond, shaded(100)), Said{});
  EXPECT_EQ(show(kFramesToDarken, even(16)), Said{});  // it was a car's lamps
  EXPECT_EQ(show(kFramesToSeeAgain - kFramesASecond, shaded(100)), Said{});
  EXPECT_EQ(show(2 * kFramesASecond, shaded(100)), Said{false});
}

TEST_F(DarkPictureTest, APictureNearTheThresholdChangesNothingThatWasSaid) {
  const Paint unclear = shaded(25);  // a standard deviation of 7
  EXPECT_EQ(show(2 * kFramesToDarken, unclear), Said{});
  ASSERT_EQ(show(kFramesToDarken + kFramesASecond, even(16)), Said{true});
  EXPECT_EQ(show(2 * kFramesToDarken, unclear), Said{});
}

TEST_F(DarkPictureTest, OneGlimpseBeginsTheTimeAnew) {
  EXPECT_EQ(show(kFramesToDarken - kFramesASecond, even(16)), Said{});
  EXPECT_EQ(show(2 * kFramesASecond, shaded(100)), Said{});
  EXPECT_EQ(show(kFramesToDarken - kFramesASecond, even(16)), Said{});
}

TEST_F(DarkPictureTest, ThePictureWithoutPixelsDoesNoHarm) {
  EXPECT_EQ(picture_.observe({}), std::nullopt);
}

}  // namespace
}  // namespace bulkhead::worker
