// A camera that is away is no fault of its worker: the state says so, the process stays.

#include <gtest/gtest.h>

#include "tests/support/session_rig.hpp"

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;

TEST(CameraState, LossesAndTheirReasonsAreToldAndTheWorkerIsKept) {
  SessionRig rig{"camera_comes_and_goes"};
  rig.subscribe("cam");
  ASSERT_TRUE(rig.until([&] { return rig.is("cam", SessionState::Live); }));
  EXPECT_EQ(rig.path_of("cam"),
            (std::vector<std::string>{"STARTING", "CONNECTING", "OFFLINE", "AUTH_FAILED", "LIVE"}));
  EXPECT_EQ(rig.states[2].reason, ErrorCode::ConnectFailed);
  EXPECT_EQ(rig.states[3].reason, ErrorCode::AuthFailed);
  EXPECT_EQ(rig.view("cam").reason, ErrorCode::None);
  EXPECT_TRUE(rig.view("cam").last_exits.empty());
}

TEST(CameraState, FramesThatStopMakeItStaleAndFramesThatReturnMakeItLiveAgain) {
  SessionLimits limits;
  limits.watchdog.stale = 500ms;
  SessionRig rig{"frames_stop", limits};
  rig.subscribe("cam");
  ASSERT_TRUE(rig.until([&] { return rig.is("cam", SessionState::Stale); }));
  EXPECT_EQ(rig.view("cam").reason, ErrorCode::Stalled);
  rig.table.snapshot(SessionRig::id("cam"), [](const auto&) {});  // lets its frames flow
  ASSERT_TRUE(rig.until([&] { return rig.is("cam", SessionState::Live); }));
  EXPECT_TRUE(rig.view("cam").last_exits.empty());
}

TEST(CameraState, ASourceThatStaysSilentWithoutAWordIsReplaced) {
  SessionLimits limits;
  limits.watchdog.stale = 200ms;
  limits.watchdog.source_silence = 800ms;
  SessionRig rig{"frames_stop", limits};
  rig.subscribe("cam");
  ASSERT_TRUE(rig.until([&] { return rig.view("cam").generation == 2; }));
  EXPECT_EQ(rig.view("cam").last_exits.at(0).reason, ErrorCode::WorkerHung);
}

TEST(CameraState, ResultsArriveByTheirKnockAndWaitForNoTick) {
  SessionLimits limits;
  limits.watchdog.tick = 2 * test::kHangLimit;
  SessionRig rig{"healthy_worker", limits};
  rig.subscribe("cam");
  ASSERT_TRUE(rig.until([&] { return rig.results.size() >= 20; }));
}

TEST(CameraState, ResultsPastTheirDeadlineAreDroppedCountedAndTold) {
  SessionRig rig{"publishes_late_results"};
  rig.subscribe("cam");
  ASSERT_TRUE(rig.until([&] { return !rig.results.empty(); }));
  EXPECT_EQ(rig.results.front().frame_id, 2U);
  EXPECT_EQ(rig.view("cam").counters.results_expired_total, 1U);
  ASSERT_EQ(rig.gaps.size(), 1U);
  EXPECT_EQ(rig.gaps[0].why, GapEvent::Why::TtlExpired);
  EXPECT_EQ(rig.gaps[0].priority, ipc::PriorityClass::Important);
  EXPECT_EQ(rig.gaps[0].to + 1, rig.results.front().sequence);
}

TEST(CameraState, TheViewShowsTheWorkersFiguresAndItsModel) {
  SessionRig rig{"healthy_worker"};
  rig.subscribe("cam");
  ASSERT_TRUE(rig.until([&] { return rig.results.size() >= 50; }));
  const SessionView view = rig.view("cam");
  EXPECT_GE(view.counters.frames_inferred_total, 50U);
  EXPECT_GE(view.counters.results_received_total, 50U);
  EXPECT_GT(view.counters.fps, 0);
  ASSERT_TRUE(view.model);
  EXPECT_EQ(view.model->name, "fixture");
  EXPECT_GT(view.pid, 0);
  EXPECT_TRUE(view.log_file.ends_with("/detector_worker_camera_cam.log"));
}

}  // namespace
}  // namespace bulkhead::supervisor
