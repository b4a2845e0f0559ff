#include "worker/pipeline/frame_rate_gate.hpp"

#include <gtest/gtest.h>

#include <cstdint>

#include "common/clock.hpp"

namespace bulkhead::worker {
namespace {

/// Frames admitted of `seconds` of a camera with `fps`, each frame late by `jitter_ns` or early by
/// it in turns.
int admitted(FrameRateGate gate, int fps, int seconds, std::int64_t jitter_ns = 0) {
  int count = 0;
  for (int i = 0; i < fps * seconds; ++i) {
    const std::int64_t jitter = i % 2 == 0 ? jitter_ns : -jitter_ns;
    const std::int64_t arrival = 1000 * kNsPerSecond + i * (kNsPerSecond / fps) + jitter;
    if (gate.admit(arrival)) ++count;
  }
  return count;
}

TEST(FrameRateGateTest, WithoutALimitEveryFramePasses) {
  EXPECT_EQ(admitted(FrameRateGate{0}, 25, 4), 100);
}

TEST(FrameRateGateTest, ARateThatDoesNotDivideTheCamerasIsStillReached) {
  EXPECT_NEAR(admitted(FrameRateGate{10}, 25, 10), 100, 2);
  EXPECT_NEAR(admitted(FrameRateGate{7}, 30, 10), 70, 2);
}

TEST(FrameRateGateTest, AFractionOfAFrameASecondIsARate) {
  EXPECT_NEAR(admitted(FrameRateGate{0.5}, 25, 20), 10, 1);
}

TEST(FrameRateGateTest, ACameraThatJittersAroundTheLimitIsNotHalved) {
  EXPECT_EQ(admitted(FrameRateGate{25}, 25, 10, 4'000'000), 250);
}

TEST(FrameRateGateTest, ALimitAboveTheCamerasRateDropsNothing) {
  EXPECT_EQ(admitted(FrameRateGate{60}, 25, 4), 100);
}

TEST(FrameRateGateTest, AfterAPauseNothingIsCaughtUp) {
  FrameRateGate gate{10};
  EXPECT_TRUE(gate.admit(kNsPerSecond));
  const std::int64_t later = 60 * kNsPerSecond;
  int burst = 0;
  for (int i = 0; i < 20; ++i) {
    if (gate.admit(later + i * (kNsPerSecond / 100))) ++burst;
  }
  EXPECT_LE(burst, 3);
}

}  // namespace
}  // namespace bulkhead::worker
