#include "worker/pipeline/frame_rate_gate.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

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
    if (gate.admit(static_cast<std::uint64_t>(i) + 1, arrival)) ++count;
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
  EXPECT_TRUE(gate.admit(1, kNsPerSecond));
  const std::int64_t later = 60 * kNsPerSecond;
  int burst = 0;
  for (std::uint64_t i = 0; i < 20; ++i) {
    const auto after = static_cast<std::int64_t>(i) * (kNsPerSecond / 100);
    if (gate.admit(1000 + i, later + after)) ++burst;
  }
  EXPECT_LE(burst, 3);
}

TEST(FrameRateGateTest, EveryNthFrameIsCountedByItsNumber) {
  FrameRateGate gate{0, 3};
  std::vector<std::uint64_t> passed;
  for (const std::uint64_t id : {1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U}) {
    if (gate.admit(id, 0)) passed.push_back(id);
  }
  EXPECT_EQ(passed, (std::vector<std::uint64_t>{1, 4, 7}));
}

TEST(FrameRateGateTest, FramesThatWereDroppedBeforeItCountSoThatTheNextIsNotWaitedFor) {
  FrameRateGate gate{0, 3};
  EXPECT_TRUE(gate.admit(1, 0));
  EXPECT_TRUE(gate.admit(9, 0)) << "two to eight never came";
  EXPECT_FALSE(gate.admit(11, 0));
  EXPECT_TRUE(gate.admit(12, 0));
}

TEST(FrameRateGateTest, BothLimitsHold) {
  EXPECT_EQ(admitted(FrameRateGate{0, 5}, 25, 10), 50);
  EXPECT_NEAR(admitted(FrameRateGate{10, 5}, 25, 10), 50, 1) << "the numbers decide";
  EXPECT_NEAR(admitted(FrameRateGate{2, 5}, 25, 10), 20, 1) << "the rate decides";
}

}  // namespace
}  // namespace bulkhead::worker
