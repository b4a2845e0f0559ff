#include "worker/canary/canary.hpp"

#include <gtest/gtest.h>

#include <future>
#include <stdexcept>
#include <thread>
#include <utility>

#include "common/clock.hpp"
#include "tests/support/hang_limit.hpp"
#include "tests/support/pictures.hpp"

namespace bulkhead::worker {
namespace {

using ipc::CanaryPhase;
using ipc::CanaryReport;

constexpr std::int64_t kMinuteNs = 60 * kNsPerSecond;
const std::vector<NamedBox> kCar{{{0, 0, 10, 10}, "car"}};

/// The control and the detect thread are this one; candidates are functions.
class CanaryTest : public testing::Test {
 protected:
  using Detect = std::function<Result<std::vector<NamedBox>>(const Frame&)>;

  void start(Detect detect, std::uint32_t every_n = 1) {
    const auto started = canary_.start(every_n, [detect = std::move(detect)] {
      return Result<CandidateModel>{{.sha256 = std::string(64, 'a'), .detect = detect}};
    });
    ASSERT_TRUE(started) << started.error().message;
    ASSERT_EQ(report_with(CanaryPhase::Running).sha256, std::string(64, 'a'));
  }

  /// One that has been shown a frame and is busy with it until `go_on_`. Once a test.
  void start_held() {
    start([this](const Frame&) {
      entered_.set_value();
      go_on_.get_future().wait();
      return kCar;
    });
    ASSERT_TRUE(show());
    entered_.get_future().wait();
  }

  /// Waits for what the candidate's thread does; only a hang ends it.
  CanaryReport report_until(const std::function<bool(const CanaryReport&)>& wanted) {
    const std::int64_t end_ns = monotonic_ns() + std::chrono::nanoseconds{test::kHangLimit}.count();
    while (monotonic_ns() < end_ns) {
      now_ns_ += kNsPerSecond;  // so that each is due
      const auto report = canary_.due_report(now_ns_, true);
      if (report) latest_ = *report;
      if (wanted(latest_)) return latest_;
      std::this_thread::yield();
    }
    ADD_FAILURE() << "not reported in time";
    return {};
  }
  CanaryReport report_with(CanaryPhase phase) {
    return report_until([phase](const CanaryReport& report) { return report.phase == phase; });
  }
  CanaryReport report_of(std::uint64_t frames) {
    return report_until([frames](const CanaryReport& report) { return report.frames == frames; });
  }

  /// As the detect thread does it; true: it was offered.
  bool show(const std::vector<NamedBox>& boxes = kCar) {
    if (!canary_.wants_frame()) return false;
    canary_.offer({test::plain_i420(++shown_, 64, 48, 128), boxes, 1'000'000});
    return true;
  }
  /// Waits until the candidate has seen it.
  void show_and_wait(const std::vector<NamedBox>& boxes) {
    const std::uint64_t frames = latest_.frames + 1;
    while (!show(boxes)) std::this_thread::yield();
    (void)report_of(frames);
  }

  std::promise<void> entered_;
  std::promise<void> go_on_;
  Canary canary_;  // ends before what its candidates use
  CanaryReport latest_;
  // So long ago that however often it is asked, no candidate is late by it.
  std::int64_t now_ns_ = -1'000'000 * kNsPerSecond;
  std::uint64_t shown_ = 0;
};

TEST_F(CanaryTest, AgreesByTheMeanOfFramesInWhichEitherFindsSomething) {
  std::vector<NamedBox> found = kCar;
  start([&found](const Frame&) { return found; });
  show_and_wait(kCar);
  show_and_wait({});
  found.clear();
  show_and_wait(kCar);
  show_and_wait({});
  const CanaryReport report = latest_;
  EXPECT_EQ(report.frames, 4U);
  EXPECT_EQ(report.frames_with_objects, 3U);
  EXPECT_FLOAT_EQ(report.agreement, 1.0F / 3);
  EXPECT_EQ(report.incumbent_cpu_us, 4000U);
}

TEST_F(CanaryTest, SeesOneOfSoManyFrames) {
  start([](const Frame&) { return kCar; }, 3);
  std::string offered;
  for (int i = 0; i < 9; ++i) {
    const bool is_offered = show();
    offered += is_offered ? 'x' : '-';
    if (is_offered) (void)report_of(latest_.frames + 1);
  }
  EXPECT_EQ(offered, "--x--x--x");
}

TEST_F(CanaryTest, AFrameThatComesWhileItIsBusyIsSkippedAndCounted) {
  start_held();
  EXPECT_FALSE(show());
  EXPECT_FALSE(show());
  go_on_.set_value();
  const CanaryReport report = report_of(1);
  EXPECT_EQ(report.frames_skipped, 2U);
}

TEST_F(CanaryTest, OneThatDoesNotComeBackFailsInTimeAndIsFollowedOnceItHas) {
  start_held();
  EXPECT_FALSE(canary_.due_report(monotonic_ns() + kMinuteNs / 2, true).value_or(latest_).reason ==
               ErrorCode::Timeout);
  const auto failed = canary_.due_report(monotonic_ns() + 2 * kMinuteNs, true);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->phase, CanaryPhase::Failed);
  EXPECT_EQ(failed->reason, ErrorCode::Timeout);
  EXPECT_FALSE(show());
  const auto refused = canary_.start(1, [] { return Result<CandidateModel>{CandidateModel{}}; });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::Unavailable);
  EXPECT_FALSE(canary_.end(std::chrono::milliseconds{0}));
  go_on_.set_value();
  EXPECT_TRUE(canary_.end(test::kHangLimit));
}

TEST_F(CanaryTest, OneThatCannotBeLoadedSaysWhy) {
  ASSERT_TRUE(canary_.start(1, [] {
    return Result<CandidateModel>{Error{ErrorCode::ModelInvalid, "it is no model", {}}};
  }));
  const CanaryReport report = report_with(CanaryPhase::Failed);
  EXPECT_EQ(report.reason, ErrorCode::ModelInvalid);
  EXPECT_EQ(report.text, "it is no model");
  EXPECT_FALSE(show());
}

TEST_F(CanaryTest, OneThatFailsAtAFrameOrThrowsHasFailedAndNoMore) {
  start([](const Frame&) -> Result<std::vector<NamedBox>> {
    return Error{ErrorCode::InferenceFailed, "no", {}};
  });
  ASSERT_TRUE(show());
  EXPECT_EQ(report_with(CanaryPhase::Failed).reason, ErrorCode::InferenceFailed);
  latest_ = {};
  start([](const Frame&) -> Result<std::vector<NamedBox>> { throw std::runtime_error{"worse"}; });
  ASSERT_TRUE(show());
  EXPECT_EQ(report_with(CanaryPhase::Failed).reason, ErrorCode::Internal);
}

TEST_F(CanaryTest, StoppedItIsShownNothingAndReportsNothing) {
  start([](const Frame&) { return kCar; });
  ASSERT_TRUE(show());
  while (!show()) std::this_thread::yield();  // the one before has been seen, which is news
  canary_.stop();
  EXPECT_FALSE(show());
  EXPECT_FALSE(canary_.due_report(now_ns_ += kMinuteNs, true));
  EXPECT_TRUE(canary_.end(test::kHangLimit));
}

TEST_F(CanaryTest, ReportsAgainAfterASecondWhereThereIsNews) {
  start([](const Frame&) { return kCar; });
  show_and_wait(kCar);
  EXPECT_FALSE(canary_.due_report(now_ns_ + kMinuteNs, true)) << "no news";
  ASSERT_TRUE(show());
  const std::int64_t told_ns = now_ns_;
  while (!show()) std::this_thread::yield();  // the one before has been seen
  EXPECT_FALSE(canary_.due_report(told_ns + kNsPerSecond - 1, true));
  EXPECT_TRUE(canary_.due_report(told_ns + kNsPerSecond, true));
}

TEST_F(CanaryTest, FiguresWaitForRoomAndAnotherPhaseDoesNot) {
  start([seen = 0](const Frame&) mutable -> Result<std::vector<NamedBox>> {
    if (++seen <= 3) return kCar;
    return Error{ErrorCode::InferenceFailed, "no", {}};
  });
  for (int i = 0; i < 3; ++i) {
    while (!show()) std::this_thread::yield();  // the one before has been seen
    EXPECT_FALSE(canary_.due_report(now_ns_ += kMinuteNs, false));
  }
  EXPECT_EQ(report_of(3).frames, 3U) << "none of them is forgotten";
  ASSERT_TRUE(show());
  std::optional<CanaryReport> failed;
  const std::int64_t end_ns = monotonic_ns() + std::chrono::nanoseconds{test::kHangLimit}.count();
  while (!failed && monotonic_ns() < end_ns) failed = canary_.due_report(now_ns_, false);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->phase, CanaryPhase::Failed);
}

}  // namespace
}  // namespace bulkhead::worker
