// One misbehaving worker each: what the session says of it and what it does about it.

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>

#include "ipc/worker_fds.hpp"
#include "tests/support/session_rig.hpp"

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;

/// Waits between workers that tests can afford. A worker that works is judged as in production.
SessionLimits quick() {
  SessionLimits limits;
  limits.restart.first = 10ms;
  limits.restart.longest = 50ms;
  limits.restart.probe = 300ms;
  return limits;
}

const ExitRecord& last_exit(const SessionView& view) { return view.last_exits.at(0); }

TEST(WorkerDeath, AKilledWorkerIsReplacedAndAllItPublishedArrivesOnce) {
  SessionRig rig{"dies_after_publishing", quick()};
  rig.subscribe("cam");
  ASSERT_TRUE(rig.until([&] { return rig.is("cam", SessionState::Live, 2); }));
  ASSERT_TRUE(rig.until([&] { return rig.results_of("cam", 2) > 0; }));
  EXPECT_EQ(rig.results_of("cam", 1), 200U);
  for (std::size_t i = 0; i < 200; ++i) EXPECT_EQ(rig.results[i].frame_id, i + 1);
  const SessionView view = rig.view("cam");
  EXPECT_EQ(last_exit(view).signal, SIGKILL);
  EXPECT_EQ(last_exit(view).reason, ErrorCode::WorkerDied);
  EXPECT_EQ(last_exit(view).generation, 1U);
  EXPECT_GT(last_exit(view).peak_rss_bytes, 1024 * 1024);  // no process is smaller
  EXPECT_LT(last_exit(view).peak_rss_bytes, 1024 * 1024 * 1024);
  EXPECT_EQ(view.restarts_total, 1U);
  EXPECT_EQ(view.restarts_by_reason.at("WORKER_DIED"), 1U);
}

TEST(WorkerDeath, ItsRecordHoldsTheLastLinesOfItsLog) {
  SessionRig rig{"dies_after_publishing", quick()};
  rig.log_of("cam") << "loading\nout of memory\n" << std::flush;
  rig.subscribe("cam");
  ASSERT_TRUE(rig.until([&] { return !rig.view("cam").last_exits.empty(); }));
  EXPECT_EQ(last_exit(rig.view("cam")).last_log_lines,
            (std::vector<std::string>{"loading", "out of memory"}));
}

TEST(WorkerDeath, AHungInferenceIsNoticedAbortedAndHealedByTheNextWorker) {
  SessionRig rig{"hangs_in_inference", quick()};
  rig.subscribe("cam");
  ASSERT_TRUE(rig.until([&] { return rig.is("cam", SessionState::Live, 2); }));
  const SessionView view = rig.view("cam");
  EXPECT_EQ(last_exit(view).reason, ErrorCode::WorkerHung);
  EXPECT_EQ(last_exit(view).signal, SIGABRT);
  EXPECT_EQ(last_exit(view).stage, ipc::Stage::Inferring);
  EXPECT_EQ(rig.path_of("cam"),
            (std::vector<std::string>{"STARTING", "CONNECTING", "LIVE", "STALE", "BACKING_OFF",
                                      "STARTING", "CONNECTING", "LIVE"}));
}

TEST(WorkerDeath, AWorkerStoppedByASignalIsKilledAtOnceWhenItIsMissed) {
  SessionLimits limits = quick();
  limits.abort_grace = test::kHangLimit;  // an abort that waits would fail this test
  SessionRig rig{"healthy_worker", limits};
  rig.subscribe("cam");
  ASSERT_TRUE(rig.until([&] { return rig.results_of("cam") > 0; }));
  ASSERT_EQ(::kill(rig.view("cam").pid, SIGSTOP), 0);
  ASSERT_TRUE(rig.until([&] { return rig.is("cam", SessionState::Live, 2); }));
  EXPECT_EQ(last_exit(rig.view("cam")).reason, ErrorCode::WorkerHung);
  EXPECT_EQ(last_exit(rig.view("cam")).signal, SIGKILL);
}

TEST(WorkerDeath, AWorkerThatIsStoppedForAMomentIsNotRestarted) {
  SessionRig rig{"healthy_worker", quick()};
  rig.subscribe("cam");
  ASSERT_TRUE(rig.until([&] { return rig.results_of("cam") > 0; }));
  const pid_t pid = rig.view("cam").pid;
  ASSERT_EQ(::kill(pid, SIGSTOP), 0);
  const auto resume = std::chrono::steady_clock::now() + 500ms;
  ASSERT_TRUE(rig.until([&] { return std::chrono::steady_clock::now() >= resume; }));
  ASSERT_EQ(::kill(pid, SIGCONT), 0);
  const auto seen = rig.results.size();
  ASSERT_TRUE(rig.until([&] { return rig.results.size() > seen + 20; }));
  EXPECT_EQ(rig.view("cam").pid, pid);
  EXPECT_TRUE(rig.view("cam").last_exits.empty());
}

TEST(WorkerDeath, AGarbledRingIsCorruptAndItsWriterIsKilled) {
  SessionRig rig{"writes_garbage", quick()};
  rig.subscribe("cam");
  ASSERT_TRUE(rig.until([&] { return rig.is("cam", SessionState::Live, 2); }));
  EXPECT_EQ(last_exit(rig.view("cam")).reason, ErrorCode::Corrupt);
  EXPECT_EQ(last_exit(rig.view("cam")).signal, SIGKILL);
}

TEST(WorkerDeath, ADetectionBeforeItsModelIsAProtocolError) {
  SessionRig rig{"speaks_out_of_turn", quick()};
  rig.subscribe("cam");
  ASSERT_TRUE(rig.until([&] { return !rig.view("cam").last_exits.empty(); }));
  EXPECT_EQ(last_exit(rig.view("cam")).reason, ErrorCode::ProtocolError);
  EXPECT_TRUE(rig.results.empty());
}

TEST(WorkerDeath, AConfinementToldTwiceIsAProtocolError) {
  SessionRig rig{"confines_itself_twice", quick()};
  rig.subscribe("cam");
  ASSERT_TRUE(rig.until([&] { return !rig.view("cam").last_exits.empty(); }));
  EXPECT_EQ(last_exit(rig.view("cam")).reason, ErrorCode::ProtocolError);
  EXPECT_FALSE(rig.view("cam").confinement) << "what a dead worker had is nobody's";
}

TEST(WorkerDeath, NothingIsBelievedThatFollowsAProtocolError) {
  SessionRig rig{"repeats_itself", quick()};
  rig.subscribe("cam");
  ASSERT_TRUE(rig.until([&] { return rig.is("cam", SessionState::Live); }));
  rig.table.snapshot(SessionRig::id("cam"), [](const auto&) {});
  ASSERT_TRUE(rig.worker_says_done("cam"));
  ASSERT_TRUE(rig.until([&] { return !rig.view("cam").last_exits.empty(); }));
  EXPECT_EQ(last_exit(rig.view("cam")).reason, ErrorCode::ProtocolError);
  EXPECT_EQ(rig.results_of("cam"), 0U);
}

TEST(WorkerDeath, AWorkerThatNeverGreetsIsKilledForItsSilence) {
  SessionLimits limits = quick();
  limits.watchdog.hello = 500ms;
  SessionRig rig{"never_says_hello", limits};
  rig.subscribe("cam");
  ASSERT_TRUE(rig.until([&] { return !rig.view("cam").last_exits.empty(); }));
  EXPECT_EQ(last_exit(rig.view("cam")).reason, ErrorCode::WorkerHung);
  EXPECT_NE(last_exit(rig.view("cam")).text.find("first word"), std::string::npos);
}

TEST(WorkerDeath, AWorkerOfAnotherBuildFailsForGood) {
  SessionRig rig{"wrong_layout_version", quick()};
  rig.subscribe("cam");
  ASSERT_TRUE(rig.until([&] { return rig.is("cam", SessionState::Failed); }));
  EXPECT_EQ(rig.view("cam").reason, ErrorCode::VersionMismatch);
  EXPECT_EQ(rig.view("cam").pid, -1);
}

TEST(WorkerDeath, AnUnusableModelFailsForGoodWithTheWorkersOwnWordsMadePrintable) {
  SessionRig rig{"model_is_unusable", quick()};
  rig.subscribe("cam");
  ASSERT_TRUE(rig.until([&] { return rig.is("cam", SessionState::Failed); }));
  const SessionView view = rig.view("cam");
  EXPECT_EQ(view.reason, ErrorCode::ModelInvalid);
  EXPECT_NE(view.reason_text.find("no such tensor"), std::string::npos);
  EXPECT_EQ(view.reason_text.find('\n'), std::string::npos);
  EXPECT_EQ(view.reason_text.find('\x1b'), std::string::npos);
  EXPECT_EQ(last_exit(view).exit_code, ipc::kExitModel);
}

TEST(WorkerDeath, LeavingUnaskedWithACleanCodeIsADeathToo) {
  SessionRig rig{"exits_without_reason", quick()};
  rig.subscribe("cam");
  ASSERT_TRUE(rig.until([&] { return rig.view("cam").generation == 2; }));
  EXPECT_EQ(last_exit(rig.view("cam")).reason, ErrorCode::WorkerDied);
  EXPECT_EQ(last_exit(rig.view("cam")).exit_code, 0);
}

TEST(WorkerDeath, ACrashLoopOpensTheBreakerAndIsProbedThen) {
  SessionRig rig{"crashes_at_start", quick()};
  rig.subscribe("cam");
  ASSERT_TRUE(rig.until([&] { return rig.is("cam", SessionState::CrashLoop, 6); }));
  const SessionView view = rig.view("cam");
  EXPECT_EQ(view.reason, ErrorCode::WorkerDied);
  EXPECT_EQ(last_exit(view).signal, SIGSEGV);
  EXPECT_EQ(view.restarts_total, 5U);
  EXPECT_EQ(view.last_exits.size(), 6U);
  ASSERT_TRUE(rig.until([&] { return rig.is("cam", SessionState::CrashLoop, 7); }));
  ASSERT_TRUE(rig.until([&] { return rig.is("cam", SessionState::CrashLoop, 10); }));
  EXPECT_EQ(rig.view("cam").last_exits.size(), 8U) << "the record is bounded";
}

TEST(WorkerDeath, AnExecutableThatIsNotThereIsACrashLoopWithItsReason) {
  SessionRig rig{"that_does_not_exist", quick()};
  rig.subscribe("cam");
  ASSERT_TRUE(rig.until([&] { return rig.is("cam", SessionState::CrashLoop, 6); }));
  EXPECT_EQ(rig.view("cam").reason, ErrorCode::SpawnFailed);
}

TEST(WorkerDeath, NothingThatADeadWorkerStartedLivesOn) {
  SessionRig rig{"leaves_a_child", quick()};
  rig.subscribe("cam");
  ASSERT_TRUE(rig.until([&] { return !rig.view("cam").last_exits.empty(); }));
  const pid_t child = std::stoi(last_exit(rig.view("cam")).text);
  ASSERT_GT(child, 1);
  ASSERT_TRUE(rig.until([&] { return !is_alive(child); }));
}

TEST(WorkerDeath, TheNeighbourOfACrashLoopMissesNothing) {
  SessionRig rig{"healthy_worker", quick()};
  rig.subscribe("victim");
  rig.subscribe("neighbour");
  for (Generation generation = 1; generation <= 5; ++generation) {
    ASSERT_TRUE(rig.until([&] { return rig.is("victim", SessionState::Live, generation); }));
    ASSERT_EQ(::kill(rig.view("victim").pid, SIGKILL), 0);
  }
  ASSERT_TRUE(rig.until([&] { return rig.is("victim", SessionState::Live, 6); }));
  Sequence last = 0;
  for (const auto& result : rig.results) {
    if (result.session != "neighbour") continue;
    if (last != 0) {
      EXPECT_EQ(result.sequence, last + 1);
    }
    last = result.sequence;
  }
  EXPECT_GT(last, 0U);
  EXPECT_EQ(rig.view("neighbour").generation, 1U);
}

}  // namespace
}  // namespace bulkhead::supervisor
