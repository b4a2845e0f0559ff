#include "worker/track/kalman_box.hpp"

#include <gtest/gtest.h>

namespace bulkhead::worker {
namespace {

// A square of 100 pixels, so that all noise is in proportion to 100: seen with a deviation of 5,
// the first time of 10, at an unknown speed with one of 187.5 a second.
constexpr Box kSquare{50, 50, 100, 100};

TEST(KalmanBoxTest, TheFirstSightIsTakenAsItIsAndItsSpeedIsUnknown) {
  const KalmanBox box{kSquare};
  EXPECT_FLOAT_EQ(box.box().x, 50);
  EXPECT_FLOAT_EQ(box.box().w, 100);
  EXPECT_EQ(box.velocity(), (std::array<double, 2>{0, 0}));
  EXPECT_DOUBLE_EQ(box.covariance().position, 100);
  EXPECT_DOUBLE_EQ(box.covariance().rate, 187.5 * 187.5);
}

TEST(KalmanBoxTest, PredictsAndCorrectsAsCalculatedByHand) {
  KalmanBox box{kSquare};
  box.predict(0.1);
  // position: 100 + 0.01 * 35156.25 + 0.1 * 30 * 25 + 0.001 * 10546.875 / 3
  // both:     0.1 * 35156.25 + 0.01 * 10546.875 / 2, rate: 35156.25 + 0.1 * 10546.875
  EXPECT_NEAR(box.covariance().position, 530.078125, 1e-9);
  EXPECT_NEAR(box.covariance().both, 3568.359375, 1e-9);
  EXPECT_NEAR(box.covariance().rate, 36210.9375, 1e-9);

  // Seen 20 to the right. Gains: 530.078 / 555.078 = 0.954961, 3568.359 / 555.078 = 6.428572.
  box.correct({70, 50, 100, 100});
  EXPECT_NEAR(box.box().x, 50 + 20 * 0.9549613, 1e-4);
  EXPECT_NEAR(box.velocity()[0], 20 * 6.4285703, 1e-4);
  EXPECT_NEAR(box.velocity()[1], 0, 1e-12);
  EXPECT_NEAR(box.covariance().position, 530.078125 * (1 - 0.9549613), 1e-3);
  EXPECT_NEAR(box.covariance().both, 3568.359375 * (1 - 0.9549613), 1e-3);
  EXPECT_NEAR(box.covariance().rate, 36210.9375 - 6.4285703 * 3568.359375, 1e-2);
}

TEST(KalmanBoxTest, ASecondInOneStepIsASecondInTen) {
  KalmanBox moving{kSquare};
  moving.predict(0.1);
  moving.correct({70, 45, 100, 100});
  moving.hold_size();
  KalmanBox once = moving;
  once.predict(1);
  for (int i = 0; i < 10; ++i) moving.predict(0.1);
  EXPECT_NEAR(once.box().x, moving.box().x, 1e-3);
  EXPECT_NEAR(once.box().y, moving.box().y, 1e-3);
  EXPECT_NEAR(once.covariance().position, moving.covariance().position, 1e-6);
  EXPECT_NEAR(once.covariance().both, moving.covariance().both, 1e-6);
  EXPECT_NEAR(once.covariance().rate, moving.covariance().rate, 1e-6);
}

TEST(KalmanBoxTest, LearnsASteadySpeedWhateverTheFramesLeftOut) {
  // 60 pixels a second to the right; of ten frames a second two of three are missing at times.
  KalmanBox box{kSquare};
  double at = 0;
  for (const double step : {0.1, 0.1, 0.3, 0.1, 0.3, 0.1, 0.1, 0.3, 0.1, 0.1, 0.1, 0.3}) {
    at += step;
    box.predict(step);
    box.correct({static_cast<float>(50 + 60 * at), 50, 100, 100});
  }
  EXPECT_NEAR(box.velocity()[0], 60, 1);
  box.predict(1);
  EXPECT_NEAR(box.box().x, 50 + 60 * (at + 1), 3);
}

TEST(KalmanBoxTest, AShrinkingBoxNeverVanishes) {
  KalmanBox box{{0, 0, 10, 10}};
  box.predict(0.1);
  box.correct({4, 4, 2, 2});
  box.predict(5);
  EXPECT_GE(box.box().w, 1);
  EXPECT_GE(box.box().h, 1);
}

TEST(KalmanBoxTest, TimeThatGoesBackIsNone) {
  KalmanBox box{kSquare};
  box.predict(0.1);
  const double uncertain = box.covariance().position;
  box.predict(-1);
  EXPECT_EQ(box.covariance().position, uncertain);
}

}  // namespace
}  // namespace bulkhead::worker
