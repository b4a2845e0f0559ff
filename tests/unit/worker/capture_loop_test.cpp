#include "worker/source/capture_loop.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;

/// What one attempt does: delivers frames that arrived at these times, and ends like this.
struct Attempt {
  std::vector<std::chrono::milliseconds> arrivals{};
  ErrorCode ends_with = ErrorCode::ConnectFailed;
};

/// A source without a camera: plays its attempts one after the other, then is stopped.
class ScriptedSource final : public FrameSource {
 public:
  explicit ScriptedSource(std::deque<Attempt> attempts, bool is_finite = false)
      : attempts_{std::move(attempts)}, is_finite_{is_finite} {}

  Result<> run_once(FrameOutlet& outlet, std::stop_token stop) override {
    if (attempts_.empty()) return {};
    const Attempt attempt = std::move(attempts_.front());
    attempts_.pop_front();
    for (const std::chrono::nanoseconds arrival : attempt.arrivals) {
      Frame frame;
      frame.arrival_ns = arrival.count();
      outlet.deliver(std::move(frame), stop);
    }
    return Error{attempt.ends_with, "scripted", {}};
  }

  [[nodiscard]] bool is_finite() const noexcept override { return is_finite_; }

 private:
  std::deque<Attempt> attempts_;
  const bool is_finite_;
};

/// Runs a loop to the end of its script, without a clock, and keeps all it said.
class CaptureLoopTest : public ::testing::Test {
 protected:
  CaptureLoopTest() {
    policy_.transient = {100ms, 1000ms};
    policy_.permanent = {10s, 50s};
    policy_.lockout = {100s, 500s};
    policy_.good_frames = 5s;
    policy_.wait = [](std::chrono::milliseconds, const std::stop_token&) { return true; };
  }

  void run(std::deque<Attempt> attempts, bool is_finite = false) {
    CaptureEvents events;
    events.connecting = [this] { said_.emplace_back("connecting"); };
    events.first_frame = [this](const Frame& frame) {
      said_.push_back("frame " + std::to_string(frame.id));
    };
    events.lost = [this](const Error& error, std::chrono::milliseconds retry_in) {
      said_.push_back("lost " + std::string{name_of(error.code)});
      delays_.push_back(retry_in);
    };
    events.finished = [this] { said_.emplace_back("finished"); };
    events.stuck = [this](const Error&) { said_.emplace_back("stuck"); };
    CaptureLoop loop{std::make_unique<ScriptedSource>(std::move(attempts), is_finite), ring_,
                     counters_, std::move(events), policy_};
    loop.join();
  }

  FrameRing ring_{100, WhenFull::DropOldest};
  CaptureCounters counters_;
  RetryPolicy policy_;
  std::vector<std::string> said_;
  std::vector<std::chrono::milliseconds> delays_;
};

using Said = std::vector<std::string>;

TEST_F(CaptureLoopTest, EachConnectionIsToldFromConnectingToItsLoss) {
  run({{.arrivals = {1ms, 2ms}, .ends_with = ErrorCode::Stalled}, {}});
  EXPECT_EQ(said_, (Said{"connecting", "frame 1", "lost STALLED", "connecting",
                         "lost CONNECT_FAILED", "connecting"}));
  EXPECT_EQ(counters_.attempts_total, 3U);
  EXPECT_EQ(counters_.decoded_total, 2U);
}

TEST_F(CaptureLoopTest, WhatHasToBeDoneAtTheCameraIsDoneOnceAndBeforeTheFirstConnection) {
  policy_.prepare = [this](const std::stop_token&) { said_.emplace_back("prepared"); };
  run({{}, {}});
  EXPECT_EQ(said_, (Said{"prepared", "connecting", "lost CONNECT_FAILED", "connecting",
                         "lost CONNECT_FAILED", "connecting"}));
}

TEST_F(CaptureLoopTest, FrameIdsGoOnOverReconnects) {
  run({{.arrivals = {1ms, 2ms}}, {.arrivals = {3ms}}});
  for (const std::uint64_t id : {1U, 2U, 3U}) EXPECT_EQ(ring_.pop({}, 0ms)->id, id);
}

TEST_F(CaptureLoopTest, DelaysGrowFromTheFirstToTheLongestAndNoFurther) {
  run(std::deque<Attempt>(40));
  ASSERT_EQ(delays_.size(), 40U);
  EXPECT_LE(delays_.front(), 300ms);
  for (const auto delay : delays_) {
    EXPECT_GE(delay, 100ms);
    EXPECT_LE(delay, 1000ms);
  }
  EXPECT_GT(*std::max_element(delays_.begin(), delays_.end()), 500ms);
}

TEST_F(CaptureLoopTest, GoodFramesForgetEarlierFailures) {
  std::deque<Attempt> attempts(20);
  attempts.push_back({.arrivals = {1000ms, 6000ms}});
  run(std::move(attempts));
  EXPECT_LE(delays_.back(), 300ms);  // thrice the first at most
}

TEST_F(CaptureLoopTest, AConnectionThatBrieflySucceedsForgetsNothing) {
  // A camera that resets every two seconds would otherwise be asked ever again without a pause.
  std::deque<Attempt> attempts(200, Attempt{.arrivals = {1000ms, 3000ms}});
  run(std::move(attempts));
  std::chrono::milliseconds sum{0};
  for (const auto delay : delays_) sum += delay;
  EXPECT_GT(sum / delays_.size(), 350ms);  // with a reset each time it would be about 200 ms
}

TEST_F(CaptureLoopTest, AWrongPasswordIsTriedSoRarelyThatNoCameraLocksUsOut) {
  run(std::deque<Attempt>(5, Attempt{.ends_with = ErrorCode::AuthFailed}));
  ASSERT_EQ(delays_.size(), 5U);
  for (const auto delay : delays_) EXPECT_GE(delay, 100s);
}

TEST_F(CaptureLoopTest, TheRealLockoutDelaysAllowFewerThanFiveTriesInHalfAnHour) {
  policy_.lockout = RetryPolicy{}.lockout;
  for (std::uint32_t seed = 1; seed <= 50; ++seed) {
    policy_.seed = seed;
    delays_.clear();
    run(std::deque<Attempt>(20, Attempt{.ends_with = ErrorCode::AuthFailed}));
    for (std::size_t first = 0; first + 4 <= delays_.size(); ++first) {
      std::chrono::milliseconds span{0};
      for (std::size_t i = first; i < first + 4; ++i) span += delays_[i];
      EXPECT_GT(span, 30min) << "seed " << seed;
    }
  }
}

TEST_F(CaptureLoopTest, APermanentErrorWaitsLongButDoesNotEndTheLoop) {
  run({{.ends_with = ErrorCode::NotFound}, {.ends_with = ErrorCode::UnsupportedCodec}, {}});
  ASSERT_EQ(delays_.size(), 3U);
  EXPECT_GE(delays_[0], 10s);
  EXPECT_GE(delays_[1], 10s);
  EXPECT_LE(delays_[2], 300ms);  // another kind of failure has its own delays
}

TEST_F(CaptureLoopTest, AClipPlayedOnceFinishesAtItsEnd) {
  run({{.arrivals = {1ms}, .ends_with = ErrorCode::EndOfStream}}, true);
  EXPECT_EQ(said_, (Said{"connecting", "frame 1", "finished"}));
}

TEST_F(CaptureLoopTest, ACameraThatEndsItsStreamIsConnectedAgain) {
  run({{.arrivals = {1ms}, .ends_with = ErrorCode::EndOfStream}});
  EXPECT_EQ(said_, (Said{"connecting", "frame 1", "lost EOS", "connecting"}));
}

TEST_F(CaptureLoopTest, APipelineThatDoesNotStopIsNotTriedAgain) {
  run({{.ends_with = ErrorCode::WorkerHung}, {}});
  EXPECT_EQ(said_, (Said{"connecting", "stuck"}));
}

TEST_F(CaptureLoopTest, AStopEndsTheWaitForTheNextAttempt) {
  policy_.wait = nullptr;  // the real one
  policy_.transient = {1h, 1h};
  const auto began = std::chrono::steady_clock::now();
  {
    const CaptureLoop loop{std::make_unique<ScriptedSource>(std::deque<Attempt>(9)), ring_,
                           counters_, CaptureEvents{}, policy_};
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, 30s);
}

TEST_F(CaptureLoopTest, EveryAttemptButTheFirstWaitsUntilItMayConnect) {
  policy_.may_connect = [this](const std::stop_token&) {
    said_.emplace_back("asked");
    return true;
  };
  run({{}, {}});
  EXPECT_EQ(said_, (Said{"connecting", "lost CONNECT_FAILED", "asked", "connecting",
                         "lost CONNECT_FAILED", "asked", "connecting"}));
}

TEST_F(CaptureLoopTest, OneThatIsStoppedWhileItWaitsToConnectTriesNoMore) {
  policy_.may_connect = [](const std::stop_token&) { return false; };
  run({{}, {}});
  EXPECT_EQ(said_, (Said{"connecting", "lost CONNECT_FAILED"}));
}

}  // namespace
}  // namespace bulkhead::worker
