#include "supervisor/session/handover.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <vector>

#include "common/clock.hpp"

namespace bulkhead::supervisor {
namespace {

using Verdict = Handover::Verdict;

constexpr std::int64_t kFrame = 40 * kNsPerMs;
const HandoverLimits kAtOnce{.settled_for = Millis{0}};  // after three results
constexpr std::int64_t kCamera = 1'000 * kNsPerSecond;   // the camera's clock, ahead of ours

/// Two workers and the subscriber behind the handover, by number of frame.
class HandoverTest : public ::testing::Test {
 protected:
  static Handover::Stamp frame(std::int64_t number, bool camera_tells = true) {
    return {camera_tells ? kCamera + number * kFrame : 0, number * kFrame};
  }

  void old_tells(std::int64_t number) { old_says(number, frame(number)); }
  void new_tells(std::int64_t number) { new_says(number, frame(number)); }

  void old_says(std::int64_t number, const Handover::Stamp& stamp) {
    const Verdict verdict = handover_.of_old(stamp);
    ASSERT_NE(verdict, Verdict::Hold);
    if (verdict == Verdict::Publish) told_.push_back(number);
    release_held();
  }

  void new_says(std::int64_t number, const Handover::Stamp& stamp) {
    const Verdict verdict = handover_.of_new(now_ns_, stamp);
    if (verdict == Verdict::Hold) held_.push_back(number);
    release_held();
    if (verdict == Verdict::Publish) told_.push_back(number);
  }

  void release_held() {
    if (!handover_.complete(now_ns_)) return;
    told_.insert(told_.end(), held_.begin(), held_.end());
    held_.clear();
  }

  /// Frames from 1 on, none left out and none twice.
  void expect_told_up_to(std::int64_t last) {
    std::vector<std::int64_t> all;
    for (std::int64_t i = 1; i <= last; ++i) all.push_back(i);
    EXPECT_EQ(told_, all);
    const auto cost = handover_.cost();
    ASSERT_TRUE(cost);
    EXPECT_EQ(cost->lost_frames, 0U);
    EXPECT_EQ(cost->duplicate_frames, 0U);
  }

  std::int64_t now_ns_ = 0;
  Handover handover_{kAtOnce, {kFrame, kFrame}};
  std::deque<std::int64_t> held_;
  std::vector<std::int64_t> told_;
};

TEST_F(HandoverTest, WorkersThatKeepStepChangeBetweenTwoFrames) {
  for (std::int64_t i = 1; i <= 3; ++i) old_tells(i);
  for (std::int64_t i = 4; i <= 10; ++i) {
    old_tells(i);
    new_tells(i);
  }
  EXPECT_TRUE(handover_.complete(now_ns_));
  expect_told_up_to(10);
}

TEST_F(HandoverTest, TheOldWorkerSpeaksUntilTheNewOneHasSettled) {
  old_tells(1);
  new_tells(1);
  old_tells(2);
  new_tells(2);
  EXPECT_FALSE(handover_.complete(now_ns_));
  EXPECT_FALSE(handover_.cost());
  old_tells(3);
  new_tells(3);
  EXPECT_TRUE(handover_.complete(now_ns_));
  EXPECT_EQ(handover_.of_old(frame(4)), Verdict::Drop) << "the new one tells it";
}

TEST_F(HandoverTest, ANewWorkerThatLeavesOutFramesHasNotSettled) {
  for (std::int64_t i = 1; i <= 10; ++i) old_tells(i);
  for (const std::int64_t i : {1, 2, 4, 5, 7, 8}) new_tells(i);
  EXPECT_FALSE(handover_.complete(now_ns_)) << "it works off what came while it loaded";
  new_tells(9);
  EXPECT_TRUE(handover_.complete(now_ns_));
  new_tells(10);
  new_tells(11);
  expect_told_up_to(11);
}

TEST_F(HandoverTest, ANewWorkerThatIsAskedForFewerFramesSettlesByItsOwnRate) {
  for (std::int64_t i = 1; i <= 30; ++i) {
    old_tells(i);
    if (i % 3 == 0) new_tells(i);
    now_ns_ += kFrame;
  }
  EXPECT_TRUE(handover_.complete(now_ns_)) << "after some results, and not after seconds";
}

TEST_F(HandoverTest, ANewWorkerThatNeverKeepsUpIsNotWaitedForLonger) {
  handover_ = Handover{{}, {kFrame, kFrame}};
  // Three frames, a hole, three frames, a hole.
  const auto go_on = [this](std::int64_t from, std::int64_t to) {
    for (std::int64_t i = from; i <= to; ++i) {
      old_tells(i);
      if (i % 4 != 0) new_tells(i);
      now_ns_ += kFrame;
    }
  };
  go_on(1, 100);
  EXPECT_FALSE(handover_.complete(now_ns_));
  go_on(101, 140);
  EXPECT_TRUE(handover_.complete(now_ns_));
}

TEST(HandoverSettling, TakesAtLeastItsTime) {
  Handover handover{{}, {kFrame, kFrame}};
  const auto at = [](std::int64_t number) { return Handover::Stamp{0, number * kFrame}; };
  for (std::int64_t i = 1; i * kFrame < 500 * kNsPerMs; ++i) {
    EXPECT_EQ(handover.of_old(at(i)), Verdict::Publish);
    EXPECT_EQ(handover.of_new(i * kFrame, at(i)), Verdict::Drop);
    EXPECT_FALSE(handover.complete(i * kFrame));
  }
  EXPECT_EQ(handover.of_old(at(13)), Verdict::Publish);
  EXPECT_EQ(handover.of_new(kFrame + 500 * kNsPerMs, at(13)), Verdict::Drop);
  EXPECT_TRUE(handover.complete(kFrame + 500 * kNsPerMs));
}

TEST_F(HandoverTest, AFrameAheadTheNewWorkerBeginsWithWhatTheOldOneHasNotTold) {
  old_tells(1);
  for (std::int64_t i = 2; i <= 8; ++i) {
    new_tells(i);
    old_tells(i);
  }
  expect_told_up_to(8);
}

TEST_F(HandoverTest, ANewWorkerThatIsFarAheadWaitsUntilTheOldOneHasCaughtUp) {
  old_tells(1);
  for (std::int64_t i = 6; i <= 8; ++i) new_tells(i);
  EXPECT_FALSE(handover_.complete(now_ns_));
  EXPECT_EQ(held_, (std::deque<std::int64_t>{8})) << "6 and 7 came before it had settled";
  for (std::int64_t i = 2; i <= 7; ++i) old_tells(i);
  new_tells(9);
  EXPECT_EQ(told_.size(), 7U) << "nothing of the new one before the old one is done";
  old_tells(8);
  new_tells(10);
  expect_told_up_to(10);
}

TEST_F(HandoverTest, ANewWorkerThatIsBehindIsSilentUntilItSaysSomethingNew) {
  for (std::int64_t i = 1; i <= 9; ++i) old_tells(i);
  for (std::int64_t i = 3; i <= 12; ++i) new_tells(i);
  expect_told_up_to(12);
}

TEST_F(HandoverTest, AnOldWorkerThatFallsSilentIsWaitedForAndThenLeft) {
  old_tells(1);
  for (std::int64_t i = 20; i <= 24; ++i) new_tells(i);
  EXPECT_TRUE(told_ == std::vector<std::int64_t>{1});
  now_ns_ += 3 * kNsPerSecond;
  new_tells(25);
  EXPECT_EQ(told_, (std::vector<std::int64_t>{1, 22, 23, 24, 25}));
  EXPECT_EQ(handover_.cost()->lost_frames, 20U);
}

TEST_F(HandoverTest, AResultThatWasOvertakenByALaterOneDrawsNoBoundaryBack) {
  for (const std::int64_t i : {1, 2, 4, 3}) old_tells(i);
  for (std::int64_t i = 2; i <= 6; ++i) new_tells(i);
  EXPECT_EQ(told_, (std::vector<std::int64_t>{1, 2, 4, 3, 5, 6})) << "4 is not told again";
}

TEST_F(HandoverTest, AnOldWorkerThatEndedLeavesTheWordAtOnce) {
  old_tells(1);
  handover_.force();
  new_tells(1);
  new_tells(2);
  new_tells(3);
  EXPECT_EQ(told_, (std::vector<std::int64_t>{1, 2, 3}));
}

TEST_F(HandoverTest, WithoutAnOldResultTheNewWorkerSpeaksOnceItHasSettled) {
  for (std::int64_t i = 1; i <= 4; ++i) new_tells(i);
  EXPECT_EQ(told_, (std::vector<std::int64_t>{3, 4}));
  EXPECT_EQ(handover_.cost()->lost_frames, 0U);
}

TEST_F(HandoverTest, TheCamerasClockIsWaitedForSinceArrivalIsLessExact) {
  old_tells(1);
  for (std::int64_t i = 2; i <= 20; ++i) {
    old_tells(i);
    new_says(i, frame(i, false));
    EXPECT_FALSE(handover_.complete(now_ns_));
  }
  old_tells(21);
  new_tells(21);
  EXPECT_TRUE(handover_.complete(now_ns_));
  new_tells(22);
  expect_told_up_to(22);
}

TEST_F(HandoverTest, ACameraThatNeverTellsTheNewWorkerItsTimeIsTakenByArrival) {
  for (std::int64_t i = 1; i <= 5; ++i) {
    old_tells(i);
    new_says(i, frame(i, false));
  }
  now_ns_ += 7 * kNsPerSecond;
  old_tells(6);
  new_says(6, frame(6, false));
  new_says(7, frame(7, false));
  expect_told_up_to(7);
}

TEST_F(HandoverTest, ArrivalMayDifferByLessThanHalfAFrame) {
  const auto arrives = [](std::int64_t number, std::int64_t late_ms) {
    return Handover::Stamp{0, number * kFrame + late_ms * kNsPerMs};
  };
  for (std::int64_t i = 1; i <= 10; ++i) {
    old_says(i, arrives(i, i % 2 * 15));
    new_says(i, arrives(i, (i + 1) % 2 * 15));
  }
  expect_told_up_to(10);
}

TEST_F(HandoverTest, AClockThatIsSetBackSilencesNobody) {
  for (std::int64_t i = 1; i <= 3; ++i) {
    old_tells(i);
    new_tells(i);
  }
  ASSERT_TRUE(handover_.complete(now_ns_));
  EXPECT_EQ(handover_.of_new(now_ns_, {1, 4 * kFrame}), Verdict::Drop);
  now_ns_ += 3 * kNsPerSecond;
  EXPECT_EQ(handover_.of_new(now_ns_, {2, 80 * kFrame}), Verdict::Publish);
}

TEST_F(HandoverTest, AWorkerThatConnectsAnewAndDoesNotKnowTheTimeYetIsHeard) {
  for (std::int64_t i = 1; i <= 3; ++i) {
    old_tells(i);
    new_tells(i);
  }
  EXPECT_EQ(handover_.of_new(now_ns_, frame(4, false)), Verdict::Publish);
}

TEST(HandoverOfFewFrames, TheTimeBetweenFramesOfAWorkerThatHasJustBegunIsMeasured) {
  // Ten times the usual rate: by that, five frames would be taken for one.
  constexpr std::int64_t kFast = 4 * kNsPerMs;
  Handover handover{kAtOnce, {}};
  const auto at = [](std::int64_t number) {
    return Handover::Stamp{number * kFast, number * kFast};
  };
  for (std::int64_t i = 1; i <= 3; ++i) EXPECT_EQ(handover.of_old(at(i)), Verdict::Publish);
  EXPECT_EQ(handover.of_new(0, at(6)), Verdict::Drop);
  EXPECT_EQ(handover.of_new(0, at(7)), Verdict::Drop);
  EXPECT_EQ(handover.of_new(0, at(8)), Verdict::Hold);
  for (std::int64_t i = 4; i <= 7; ++i) EXPECT_EQ(handover.of_old(at(i)), Verdict::Publish);
  EXPECT_EQ(handover.of_old(at(8)), Verdict::Drop);
  EXPECT_EQ(handover.cost()->lost_frames, 0U);
}

TEST(HandoverOfFewFrames, WorkersThatLeaveOutDifferentFramesLoseNone) {
  // Each infers every fifth frame, and not the same ones.
  Handover handover{kAtOnce, {kFrame, 5 * kFrame}};
  const auto at = [](std::int64_t number) { return Handover::Stamp{number * kFrame, 1}; };
  EXPECT_EQ(handover.of_old(at(10)), Verdict::Publish);
  EXPECT_EQ(handover.of_new(0, at(12)), Verdict::Drop);
  EXPECT_EQ(handover.of_old(at(15)), Verdict::Publish);
  EXPECT_EQ(handover.of_new(0, at(17)), Verdict::Drop);
  EXPECT_EQ(handover.of_old(at(20)), Verdict::Publish);
  EXPECT_EQ(handover.of_new(0, at(22)), Verdict::Publish);
  EXPECT_EQ(handover.of_old(at(25)), Verdict::Drop);
  EXPECT_EQ(handover.of_new(0, at(27)), Verdict::Publish);
  EXPECT_EQ(handover.cost()->lost_frames, 0U);
}

}  // namespace
}  // namespace bulkhead::supervisor
