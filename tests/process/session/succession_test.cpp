// One worker follows another while its camera is watched.

#include <gtest/gtest.h>

#include <csignal>
#include <optional>
#include <string>
#include <string_view>

#include "tests/support/session_rig.hpp"

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;

class SuccessionTest : public testing::Test {
 protected:
  /// A rig whose session watches the camera of this path and has given results.
  SessionRig& watching(const std::string& path, const SessionLimits& limits = {}) {
    rig_.emplace("watches_a_camera", limits);
    EXPECT_TRUE(rig_->table.subscribe(SessionRig::spec("cam", path)));
    EXPECT_TRUE(rig_->until([&] { return rig_->results.size() >= 10; }));
    return *rig_;
  }

  void ask(RestartMode mode) {
    reply_.reset();
    rig_->table.restart(SessionRig::id("cam"), mode, [&](auto got) { reply_ = std::move(got); });
  }

  Result<Restarted> restart(RestartMode mode) {
    ask(mode);
    EXPECT_TRUE(rig_->until([&] { return reply_.has_value(); }));
    return *reply_;
  }

  /// Ten more results of a generation.
  [[nodiscard]] bool goes_on(Generation generation) {
    const std::size_t before = rig_->results_of("cam", generation);
    return rig_->until([&] { return rig_->results_of("cam", generation) >= before + 10; });
  }

  /// That every frame was told once and in order, whoever told it.
  void expect_no_gap() const {
    for (std::size_t i = 1; i < rig_->results.size(); ++i) {
      ASSERT_EQ(rig_->results[i].frame_id, rig_->results[i - 1].frame_id + 1)
          << "at result " << i << " of " << rig_->results.size() << ", generation "
          << rig_->results[i].generation;
    }
  }

  std::optional<SessionRig> rig_;
  std::optional<Result<Restarted>> reply_;
};

TEST_F(SuccessionTest, EachEventIsToldOnceWithTheResultOfItsFrameByTheWorkerThatTellsThat) {
  SessionRig& rig = watching("/events");
  ASSERT_TRUE(restart(RestartMode::Overlap));
  ASSERT_TRUE(goes_on(2));
  expect_no_gap();
  ASSERT_GE(rig.scenes.size(), rig.results.size());
  std::size_t critical = 0;
  for (std::size_t i = 0; i < rig.results.size(); ++i) {
    const auto& [generation, priority, frame_id, results_before] = rig.scenes[i];
    ASSERT_EQ(results_before, i) << "before its result and after the one before";
    ASSERT_EQ(frame_id, rig.results[i].frame_id);
    ASSERT_EQ(generation, rig.results[i].generation);
    critical += priority == ipc::PriorityClass::Critical ? 1 : 0;
  }
  EXPECT_GT(critical, 0U);
}

class OverlapTest : public SuccessionTest, public testing::WithParamInterface<const char*> {};

TEST_P(OverlapTest, TellsEveryFrameOnceAndInOrder) {
  SessionRig& rig = watching(GetParam());
  const pid_t before = rig.view("cam").pid;
  const auto reply = restart(RestartMode::Overlap);
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->mode, RestartMode::Overlap);
  EXPECT_EQ(reply->generation, 2U);
  EXPECT_EQ(reply->lost_frames, 0U);
  EXPECT_EQ(reply->duplicate_frames, 0U);
  ASSERT_TRUE(goes_on(2));
  expect_no_gap();
  EXPECT_EQ(rig.path_of("cam"),
            (std::vector<std::string>{"STARTING", "CONNECTING", "LIVE", "LIVE"}))
      << "it never stops being live";
  ASSERT_TRUE(rig.until([&] { return !is_alive(before); }));
  ASSERT_TRUE(rig.until([&] { return !rig.view("cam").last_exits.empty(); }));
  EXPECT_EQ(rig.view("cam").last_exits.at(0).generation, 1U);
  EXPECT_EQ(rig.view("cam").last_exits.at(0).reason, ErrorCode::None);
  EXPECT_EQ(rig.view("cam").restarts_by_reason.at("REQUESTED"), 1U);
  EXPECT_FALSE(rig.view("cam").successor);
}

INSTANTIATE_TEST_SUITE_P(Of, OverlapTest,
                         testing::Values("/steady", "/no-clock", "/lags", "/ahead"),
                         [](const auto& tested) {
                           std::string name{tested.param + 1};
                           std::erase(name, '-');
                           return name;
                         });

TEST_F(SuccessionTest, AutoOverlapsAndTheSuccessorIsShownMeanwhile) {
  SessionRig& rig = watching("/steady");
  ask(RestartMode::Auto);
  ASSERT_TRUE(rig.view("cam").successor);
  EXPECT_EQ(rig.view("cam").successor->generation, 2U);
  EXPECT_EQ(rig.view("cam").generation, 1U);
  ASSERT_TRUE(rig.until([&] { return reply_.has_value(); }));
  ASSERT_TRUE(*reply_);
  EXPECT_EQ((*reply_)->mode, RestartMode::Overlap);
}

TEST_F(SuccessionTest, ACameraThatServesOneConnectionIsHandedOverAndThatIsRemembered) {
  SessionRig& rig = watching("/refuses");
  const auto first = restart(RestartMode::Auto);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->mode, RestartMode::Replace);
  EXPECT_EQ(first->generation, 3U) << "generation 2 was refused";
  ASSERT_TRUE(goes_on(3));
  const auto second = restart(RestartMode::Auto);
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->mode, RestartMode::Replace);
  EXPECT_EQ(second->generation, 4U) << "nothing was tried in vain";
  const auto overlap = restart(RestartMode::Overlap);
  ASSERT_FALSE(overlap);
  EXPECT_EQ(overlap.error().code, ErrorCode::InvalidParams);
  EXPECT_EQ(overlap.error().field, "mode");
  ASSERT_TRUE(rig.until([&] { return rig.view("cam").last_exits.size() == 3; }));
}

TEST_F(SuccessionTest, OverlapOnACameraThatRefusesItLeavesTheOldWorkerAndSaysWhatToUse) {
  SessionRig& rig = watching("/refuses");
  const auto reply = restart(RestartMode::Overlap);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::LimitReached);
  EXPECT_NE(reply.error().message.find("replace"), std::string::npos);
  ASSERT_TRUE(goes_on(1));
  expect_no_gap();
  EXPECT_EQ(rig.view("cam").generation, 1U);
}

TEST_F(SuccessionTest, ACameraSaidToServeOneConnectionIsNeverAskedForASecond) {
  rig_.emplace("watches_a_camera");
  SessionSpec spec = SessionRig::spec("cam", "/steady");
  spec.max_rtsp_connections = 1;
  ASSERT_TRUE(rig_->table.subscribe(spec));
  ASSERT_TRUE(rig_->until([&] { return rig_->results.size() >= 10; }));
  EXPECT_EQ(restart(RestartMode::Overlap).error().code, ErrorCode::InvalidParams);
  const auto reply = restart(RestartMode::Auto);
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->mode, RestartMode::Replace);
  EXPECT_EQ(rig_->path_of("cam"),
            (std::vector<std::string>{"STARTING", "CONNECTING", "LIVE", "STOPPING", "STARTING",
                                      "CONNECTING", "LIVE"}));
}

class StaysTest : public SuccessionTest, public testing::WithParamInterface<const char*> {};

TEST_P(StaysTest, TheOldWorkerStaysWhereTheNewOneDoesNotGetReady) {
  // Only what waits for the new worker is short: the old one is judged as in production, however
  // long the machine stops it.
  SessionLimits limits;
  if (GetParam() == std::string_view{"/late"}) limits.restarted = 1s;
  if (GetParam() == std::string_view{"/hangs"}) limits.watchdog.first_inference = 2s;
  SessionRig& rig = watching(GetParam(), limits);
  const auto reply = restart(RestartMode::Overlap);
  ASSERT_FALSE(reply);
  EXPECT_FALSE(reply.error().message.empty());
  ASSERT_TRUE(goes_on(1));
  expect_no_gap();
  EXPECT_TRUE(rig.is("cam", SessionState::Live, 1));
  EXPECT_FALSE(rig.view("cam").successor);
  EXPECT_EQ(rig.view("cam").restarts_total, 0U);
  EXPECT_EQ(rig.path_of("cam"), (std::vector<std::string>{"STARTING", "CONNECTING", "LIVE"}));
  ASSERT_TRUE(rig.until([&] { return !rig.view("cam").last_exits.empty(); }));
  EXPECT_EQ(rig.view("cam").last_exits.at(0).generation, 2U);
}

INSTANTIATE_TEST_SUITE_P(When, StaysTest, testing::Values("/dies", "/hangs", "/late", "/locked"),
                         [](const auto& tested) { return std::string{tested.param + 1}; });

TEST_F(SuccessionTest, AnOldWorkerThatDiesMeanwhileIsFollowedByTheOneThatWasComing) {
  SessionRig& rig = watching("/steady");
  ask(RestartMode::Overlap);
  ASSERT_EQ(::kill(rig.view("cam").pid, SIGKILL), 0);
  ASSERT_TRUE(rig.until([&] { return reply_.has_value(); }));
  ASSERT_TRUE(*reply_) << reply_->error().message;
  EXPECT_EQ((*reply_)->generation, 2U);
  ASSERT_TRUE(goes_on(2));
  EXPECT_TRUE(rig.is("cam", SessionState::Live, 2));
  EXPECT_EQ(rig.view("cam").last_exits.at(0).signal, SIGKILL);
}

TEST_F(SuccessionTest, WhatTheOldWorkerSaysOfItsCameraDoesNotFinishTheRestart) {
  watching("/blinks");
  const auto reply = restart(RestartMode::Replace);
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->generation, 2U);
  EXPECT_LT(reply->gap_ms, 30'000);
}

TEST_F(SuccessionTest, AnOldWorkerWhoseCameraFallsSilentIsNotWaitedForLong) {
  SessionRig& rig = watching("/stops");
  const auto reply = restart(RestartMode::Overlap);
  ASSERT_TRUE(reply) << reply.error().message;
  ASSERT_TRUE(goes_on(2));
  EXPECT_TRUE(rig.is("cam", SessionState::Live, 2));
}

TEST_F(SuccessionTest, UnsubscribingMeanwhileEndsBothWorkers) {
  SessionRig& rig = watching("/late");
  ask(RestartMode::Overlap);
  ASSERT_TRUE(rig.view("cam").successor);
  const pid_t first = rig.view("cam").pid;
  const pid_t second = rig.view("cam").successor->pid;
  ASSERT_TRUE(rig.table.unsubscribe(SessionRig::id("cam")));
  ASSERT_TRUE(rig.until([&] { return reply_.has_value(); }));
  EXPECT_EQ(reply_->error().code, ErrorCode::Unavailable);
  EXPECT_TRUE(rig.until([&] { return !is_alive(first) && !is_alive(second); }));
  EXPECT_TRUE(rig.until([&] { return rig.table.size() == 0; }));
}

TEST_F(SuccessionTest, ASecondRestartMeanwhileIsRefused) {
  SessionRig& rig = watching("/steady");
  std::optional<Result<Restarted>> first;
  rig.table.restart(SessionRig::id("cam"), RestartMode::Auto,
                    [&](auto got) { first = std::move(got); });
  EXPECT_EQ(restart(RestartMode::Auto).error().code, ErrorCode::Unavailable);
  ASSERT_TRUE(rig.until([&] { return first.has_value(); }));
  EXPECT_TRUE(*first);
}

TEST_F(SuccessionTest, AnotherPipelineOverlapsAndIsShownOnceItServes) {
  SessionRig& rig = watching("/steady");
  SessionSpec other = SessionRig::spec("cam", "/steady");
  other.pipeline->detect.intra_op_threads = 2;
  const auto changed = rig.table.subscribe(other);
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->how, Reconfiguration::Overlap);
  EXPECT_EQ(rig.view("cam").spec.pipeline->detect.intra_op_threads, 1) << "not yet";
  EXPECT_EQ(rig.table.subscribe(other)->change, SessionTable::Change::Unchanged)
      << "it is under way";
  ASSERT_TRUE(rig.until([&] { return rig.is("cam", SessionState::Live, 2); }));
  EXPECT_EQ(rig.view("cam").spec.pipeline->detect.intra_op_threads, 2);
  EXPECT_EQ(rig.view("cam").restarts_by_reason.at("RECONFIGURED"), 1U);
  ASSERT_TRUE(goes_on(2));
  expect_no_gap();
}

TEST_F(SuccessionTest, AnotherPipelineThatDoesNotRunLeavesTheOldOne) {
  SessionRig& rig = watching("/dies");
  SessionSpec other = SessionRig::spec("cam", "/dies");
  other.pipeline->detect.intra_op_threads = 2;
  ASSERT_TRUE(rig.table.subscribe(other));
  ASSERT_TRUE(rig.until([&] { return !rig.view("cam").last_exits.empty(); }));
  EXPECT_TRUE(rig.is("cam", SessionState::Live, 1));
  EXPECT_EQ(rig.view("cam").spec.pipeline->detect.intra_op_threads, 1);
  EXPECT_EQ(rig.reverted, (std::vector{SessionRig::spec("cam", "/dies")}))
      << "the registry is told what is served";
  ASSERT_TRUE(goes_on(1));
  expect_no_gap();
}

TEST_F(SuccessionTest, WhatTheWorkerCanBeToldCostsNoWorker) {
  SessionRig& rig = watching("/steady");
  SessionSpec other = SessionRig::spec("cam", "/steady");
  other.log_level = "debug";
  EXPECT_EQ(rig.table.subscribe(other)->how, Reconfiguration::Hot);
  ASSERT_TRUE(goes_on(1));
  EXPECT_EQ(rig.view("cam").generation, 1U);
  EXPECT_EQ(rig.view("cam").spec.log_level, "debug");
  expect_no_gap();
}

TEST_F(SuccessionTest, AnotherCameraIsNeverShownBesideTheOldOne) {
  SessionRig& rig = watching("/steady");
  const auto changed = rig.table.subscribe(SessionRig::spec("cam", "/no-clock"));
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->how, Reconfiguration::Replace);
  EXPECT_FALSE(rig.view("cam").successor);
  ASSERT_TRUE(rig.until([&] { return rig.is("cam", SessionState::Live, 2); }));
}

}  // namespace
}  // namespace bulkhead::supervisor
