#include "supervisor/session/progress_watchdog.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;
using ipc::Stage;

/// A watchdog, the worker it watches, and a clock that moves when told.
class ProgressWatchdogTest : public testing::Test {
 protected:
  ProgressWatchdogTest() {
    worker_ = {.greeted = true,
               .has_camera = true,
               .stage = Stage::WaitingForFrame,
               .frames_decoded_total = 100,
               .frames_inferred_total = 100,
               .infer_ns_total = 100 * 20'000'000ULL,
               .control_ticks_total = 1};
    look();
  }

  ProgressWatchdog::Verdict look(std::chrono::nanoseconds later = 0ns) {
    now_ += later;
    verdict_ = watchdog_.observe(now_.count(), worker_);
    return verdict_;
  }

  /// One tick of the supervisor, in which the worker's loops that still run do their part.
  ProgressWatchdog::Verdict tick() {
    if (control_runs_) ++worker_.control_ticks_total;
    if (source_runs_) ++worker_.frames_decoded_total;
    return look(200ms);
  }

  /// How long it takes until a hang is seen; the limit where none is.
  std::chrono::nanoseconds time_until_hung(std::chrono::nanoseconds limit) {
    const auto start = now_;
    while (now_ - start < limit) {
      if (tick().hung) return now_ - start;
    }
    return limit;
  }

  std::chrono::nanoseconds now_ = 1h;
  WorkerProgress worker_;
  bool control_runs_ = true;
  bool source_runs_ = true;
  ProgressWatchdog::Verdict verdict_;
  ProgressWatchdog watchdog_{WatchdogLimits{}};
};

TEST_F(ProgressWatchdogTest, AHangInInferenceIsSeenWithinTwoSeconds) {
  worker_.stage = Stage::Inferring;
  EXPECT_LE(time_until_hung(1min), 2s);
  EXPECT_NE(verdict_.hung->find("inferring"), std::string::npos);
}

TEST_F(ProgressWatchdogTest, AHangInPublishingIsSeenWithinTwoSeconds) {
  worker_.stage = Stage::Publishing;
  EXPECT_LE(time_until_hung(1min), 2s);
}

TEST_F(ProgressWatchdogTest, WaitingForAFrameIsNoHang) {
  worker_.has_camera = false;
  source_runs_ = false;
  EXPECT_EQ(time_until_hung(24h), 24h);
}

TEST_F(ProgressWatchdogTest, ConnectingMayTakeAsLongAsTheCameraIsAway) {
  worker_.has_camera = false;
  worker_.stage = Stage::Connecting;
  EXPECT_EQ(time_until_hung(24h), 24h);
}

TEST_F(ProgressWatchdogTest, EveryInferredFrameIsProgress) {
  worker_.stage = Stage::Inferring;
  for (int i = 0; i < 100; ++i) {
    for (int j = 0; j < 5; ++j) ASSERT_FALSE(tick().hung);
    ++worker_.frames_inferred_total;
  }
}

TEST_F(ProgressWatchdogTest, ALoadingModelHasALimitOfItsOwn) {
  worker_.stage = Stage::LoadingModel;
  const auto took = time_until_hung(1h);
  EXPECT_GE(took, 60s);
  EXPECT_LE(took, 61s);
}

TEST_F(ProgressWatchdogTest, TheFirstInferenceMayTakeLonger) {
  worker_.frames_inferred_total = 0;
  worker_.stage = Stage::Inferring;
  EXPECT_GE(time_until_hung(1h), 10s);
}

TEST_F(ProgressWatchdogTest, ASlowModelIsGivenTimeByItsOwnMeanButNotForEver) {
  worker_.infer_ns_total = worker_.frames_inferred_total * 1'000'000'000ULL;
  worker_.stage = Stage::Inferring;
  const auto took = time_until_hung(1h);
  EXPECT_GE(took, 8s);
  EXPECT_LE(took, 9s);
}

TEST_F(ProgressWatchdogTest, AnAbsurdMeanDoesNotMakeAWorkerImmortal) {
  worker_.infer_ns_total = ~std::uint64_t{0};
  worker_.stage = Stage::Inferring;
  EXPECT_LE(time_until_hung(1h), 31s);
}

TEST_F(ProgressWatchdogTest, AWorkerThatNeverSaysHelloHasFiveSeconds) {
  worker_ = {};
  watchdog_ = ProgressWatchdog{WatchdogLimits{}};
  control_runs_ = source_runs_ = false;
  look();
  const auto took = time_until_hung(1h);
  EXPECT_GE(took, 5s);
  EXPECT_LE(took, 5200ms);
}

TEST_F(ProgressWatchdogTest, AStoppedProcessIsSeenByItsControlLoopEvenWhileItWaitsForAFrame) {
  worker_.has_camera = false;
  control_runs_ = source_runs_ = false;
  EXPECT_LE(time_until_hung(1h), 3200ms);
  EXPECT_NE(verdict_.hung->find("control"), std::string::npos);
}

TEST_F(ProgressWatchdogTest, AControlLoopThatHasNotBegunIsNotMissed) {
  worker_.stage = Stage::LoadingModel;
  worker_.control_ticks_total = 0;
  control_runs_ = false;
  EXPECT_GE(time_until_hung(30s), 30s);
}

TEST_F(ProgressWatchdogTest, FramesThatStopAreMissedAfterTwoSecondsAndNoMoreWhenTheyReturn) {
  source_runs_ = false;
  for (int i = 0; i < 9; ++i) ASSERT_FALSE(tick().frames_missing) << i;
  EXPECT_TRUE(tick().frames_missing);
  EXPECT_FALSE(verdict_.hung);
  source_runs_ = true;
  EXPECT_FALSE(tick().frames_missing);
}

TEST_F(ProgressWatchdogTest, ASourceThatNeitherDeliversNorReportsALossHangsItself) {
  source_runs_ = false;
  const auto took = time_until_hung(1h);
  EXPECT_GE(took, 20s);
  EXPECT_LE(took, 21s);
}

TEST_F(ProgressWatchdogTest, ASupervisorThatWasStoppedForTenSecondsAccusesNobody) {
  worker_.stage = Stage::Inferring;
  tick();
  EXPECT_FALSE(look(10s).hung);
  EXPECT_FALSE(verdict_.frames_missing);
}

TEST_F(ProgressWatchdogTest, AMachineThatSleepsAgainAndAgainAccusesNobodyWhoWorksBetween) {
  worker_.stage = Stage::Inferring;
  for (int i = 0; i < 100; ++i) {
    ++worker_.frames_inferred_total;
    tick();
    ASSERT_FALSE(look(1h).hung) << i;
  }
}

TEST_F(ProgressWatchdogTest, ABusySupervisorStillSeesAHangAtLast) {
  worker_.stage = Stage::Inferring;
  int looks = 0;
  while (!look(1s).hung && looks < 100) ++looks;
  EXPECT_LE(looks, 10);
}

TEST_F(ProgressWatchdogTest, AClockThatStepsBackHarmsNobody) {
  worker_.stage = Stage::Inferring;
  EXPECT_FALSE(look(-1h).hung);
}

}  // namespace
}  // namespace bulkhead::supervisor
