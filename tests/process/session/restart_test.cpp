// What an operator asks of a running session: restart, snapshot, other parameters.

#include <gtest/gtest.h>

#include <csignal>
#include <optional>
#include <string_view>

#include "tests/support/session_rig.hpp"

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;

class RestartTest : public testing::Test {
 protected:
  /// A rig whose session has given results.
  SessionRig& running(const std::string& fixture, SessionLimits limits = {}) {
    rig_.emplace(fixture, limits);
    rig_->subscribe("cam");
    EXPECT_TRUE(rig_->until([&] { return !rig_->results.empty(); }));
    return *rig_;
  }

  Result<Restarted> restart(SessionRig& rig, RestartMode mode) {
    std::optional<Result<Restarted>> reply;
    rig.table.restart(SessionRig::id("cam"), mode, [&](auto got) { reply = std::move(got); });
    EXPECT_FALSE(reply) << "no reply from within the request";
    EXPECT_TRUE(rig.until([&] { return reply.has_value(); }));
    return *reply;
  }

  Result<std::vector<std::byte>> snapshot(SessionRig& rig, const std::string& name = "cam") {
    std::optional<Result<std::vector<std::byte>>> reply;
    rig.table.snapshot(SessionRig::id(name), [&](auto got) { reply = std::move(got); });
    EXPECT_FALSE(reply) << "no reply from within the request";
    EXPECT_TRUE(rig.until([&] { return reply.has_value(); }));
    return *reply;
  }

  std::optional<SessionRig> rig_;
};

TEST_F(RestartTest, ARestartIsAnsweredOnceTheNextWorkerIsLiveAndSaysWhatItCost) {
  SessionRig& rig = running("healthy_worker");
  const pid_t before = rig.view("cam").pid;
  const auto reply = restart(rig, RestartMode::Replace);
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->mode, RestartMode::Replace);
  EXPECT_EQ(reply->generation, 2U);
  EXPECT_GE(reply->gap_ms, 0);
  EXPECT_LT(reply->gap_ms, 30'000);
  const SessionView view = rig.view("cam");
  EXPECT_EQ(view.state, SessionState::Live);
  EXPECT_NE(view.pid, before);
  EXPECT_EQ(view.last_exits.at(0).reason, ErrorCode::None);
  EXPECT_EQ(view.restarts_by_reason.at("REQUESTED"), 1U);
  EXPECT_EQ(rig.path_of("cam"),
            (std::vector<std::string>{"STARTING", "CONNECTING", "LIVE", "STOPPING", "STARTING",
                                      "CONNECTING", "LIVE"}));
}

TEST_F(RestartTest, ARestartWhoseWorkerCannotComeBackIsAnsweredWithItsReason) {
  SessionLimits limits;
  limits.restart.first = 10ms;
  limits.restart.longest = 20ms;
  SessionRig rig{"model_is_unusable", limits};
  rig.subscribe("cam");
  ASSERT_TRUE(rig.until([&] { return rig.is("cam", SessionState::Failed); }));
  const auto reply = restart(rig, RestartMode::Replace);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::ModelInvalid);
}

TEST_F(RestartTest, ARestartOfWhatWasNotLiveThatDoesNotBecomeLiveInTimeSaysSoAndGoesOn) {
  SessionLimits limits;
  limits.restarted = 300ms;
  limits.watchdog.hello = 60s;
  SessionRig rig{"never_says_hello", limits};
  rig.subscribe("cam");
  const auto reply = restart(rig, RestartMode::Replace);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::Timeout);
  EXPECT_EQ(rig.view("cam").state, SessionState::Starting);
  EXPECT_EQ(rig.view("cam").generation, 2U);
}

TEST_F(RestartTest, ASecondRestartDuringTheFirstIsRefused) {
  SessionRig& rig = running("healthy_worker");
  std::optional<Result<Restarted>> first;
  rig.table.restart(SessionRig::id("cam"), RestartMode::Auto,
                    [&](auto got) { first = std::move(got); });
  const auto second = restart(rig, RestartMode::Auto);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::Unavailable);
  ASSERT_TRUE(rig.until([&] { return first.has_value(); }));
  EXPECT_TRUE(*first);
}

TEST_F(RestartTest, AWorkerThatIgnoresTheStopIsKilledAfterItsGrace) {
  SessionLimits limits;
  limits.term_grace = 300ms;
  SessionRig& rig = running("ignores_stop", limits);
  const auto reply = restart(rig, RestartMode::Replace);
  ASSERT_TRUE(reply) << reply.error().message;
  const ExitRecord exit = rig.view("cam").last_exits.at(0);
  EXPECT_EQ(exit.signal, SIGKILL);
  EXPECT_EQ(exit.reason, ErrorCode::WorkerHung);
  EXPECT_GE(exit.descriptors, 7U) << "three standard ones and four of ours";
}

TEST_F(RestartTest, OtherParametersAreANewWorkerAndTheSameAreNone) {
  SessionRig& rig = running("healthy_worker");
  const auto same = rig.table.subscribe(SessionRig::spec("cam"));
  ASSERT_TRUE(same);
  EXPECT_EQ(same->change, SessionTable::Change::Unchanged);
  EXPECT_EQ(same->state, SessionState::Live);
  const auto other = rig.table.subscribe(SessionRig::spec("cam", "/other"));
  ASSERT_TRUE(other);
  EXPECT_EQ(other->change, SessionTable::Change::Reconfigured);
  ASSERT_TRUE(rig.until([&] { return rig.is("cam", SessionState::Live, 2); }));
  EXPECT_EQ(rig.view("cam").spec.url.path, "/other");
  EXPECT_EQ(rig.view("cam").restarts_by_reason.at("RECONFIGURED"), 1U);
}

TEST_F(RestartTest, ASnapshotIsTheWorkersLatestPicture) {
  SessionRig& rig = running("healthy_worker");
  const auto picture = snapshot(rig);
  ASSERT_TRUE(picture) << picture.error().message;
  const std::string_view text{reinterpret_cast<const char*>(picture->data()), picture->size()};
  EXPECT_EQ(text, "a picture");
}

TEST_F(RestartTest, ASnapshotThatNobodyAnswersTimesOut) {
  SessionLimits limits;
  limits.snapshot = 300ms;
  limits.term_grace = 100ms;
  SessionRig& rig = running("never_answers", limits);
  const auto picture = snapshot(rig);
  ASSERT_FALSE(picture);
  EXPECT_EQ(picture.error().code, ErrorCode::Timeout);
}

TEST_F(RestartTest, ASnapshotOfAWorkerThatDiesMeanwhileIsUnavailable) {
  SessionRig& rig = running("never_answers");
  std::optional<Result<std::vector<std::byte>>> reply;
  rig.table.snapshot(SessionRig::id("cam"), [&](auto got) { reply = std::move(got); });
  ASSERT_EQ(::kill(rig.view("cam").pid, SIGKILL), 0);
  ASSERT_TRUE(rig.until([&] { return reply.has_value(); }));
  ASSERT_FALSE(*reply);
  EXPECT_EQ(reply->error().code, ErrorCode::Unavailable);
}

TEST_F(RestartTest, ASnapshotOfNobodyIsNotFound) {
  SessionRig& rig = running("healthy_worker");
  EXPECT_EQ(snapshot(rig, "nobody").error().code, ErrorCode::NotFound);
}

}  // namespace
}  // namespace bulkhead::supervisor
