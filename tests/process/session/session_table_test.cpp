// Who is let in, and that nothing is left of who leaves.

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cerrno>

#include "common/limits.hpp"
#include "tests/support/session_rig.hpp"

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;

TEST(SessionTable, UnsubscribingLeavesNoProcessAndNoDescriptor) {
  SessionRig rig{"healthy_worker"};
  const auto is_live = [&](const std::string& name) {
    return rig.view(name).state == SessionState::Live;
  };
  const auto one_round = [&] {
    rig.subscribe("one");
    rig.subscribe("two");
    ASSERT_TRUE(rig.until([&] { return is_live("one") && is_live("two"); }));
    ASSERT_TRUE(rig.table.unsubscribe(SessionRig::id("one")));
    ASSERT_TRUE(rig.table.unsubscribe(SessionRig::id("two")));
    ASSERT_TRUE(rig.until([&] { return rig.table.size() == 0; }));
  };
  one_round();  // what the loop and the libraries open once, they open now
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 5; ++i) one_round();
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
  EXPECT_TRUE(rig.states.back().removed);
  EXPECT_EQ(rig.states.back().to, SessionState::Stopped);
}

TEST(SessionTable, TheLastEventOfANameSaysSoExactlyOnce) {
  SessionRig rig{"healthy_worker"};
  rig.subscribe("cam");
  ASSERT_TRUE(rig.until([&] { return rig.is("cam", SessionState::Live); }));
  ASSERT_TRUE(rig.table.unsubscribe(SessionRig::id("cam")));
  EXPECT_FALSE(rig.table.unsubscribe(SessionRig::id("cam"))) << "already asked";
  ASSERT_TRUE(rig.until([&] { return rig.table.size() == 0; }));
  EXPECT_EQ(std::ranges::count_if(rig.states, [](const auto& s) { return s.removed; }), 1);
}

TEST(SessionTable, AFailedSessionCanBeUnsubscribedToo) {
  SessionRig rig{"model_is_unusable"};
  rig.subscribe("cam");
  ASSERT_TRUE(rig.until([&] { return rig.is("cam", SessionState::Failed); }));
  ASSERT_TRUE(rig.table.unsubscribe(SessionRig::id("cam")));
  ASSERT_TRUE(rig.until([&] { return rig.table.size() == 0; }));
  EXPECT_TRUE(rig.states.back().removed);
}

TEST(SessionTable, ABackingOffSessionIsGoneAtOnce) {
  SessionLimits limits;
  limits.restart.first = limits.restart.longest = test::kHangLimit;
  SessionRig rig{"crashes_at_start", limits};
  rig.subscribe("cam");
  ASSERT_TRUE(rig.until([&] { return rig.is("cam", SessionState::BackingOff); }));
  ASSERT_TRUE(rig.table.unsubscribe(SessionRig::id("cam")));
  ASSERT_TRUE(rig.until([&] { return rig.table.size() == 0; }));
}

TEST(SessionTable, AWorkerThatIgnoresTheStopIsKilledAndTheSessionGoes) {
  SessionLimits limits;
  limits.term_grace = 300ms;
  SessionRig rig{"ignores_stop", limits};
  rig.subscribe("cam");
  ASSERT_TRUE(rig.until([&] { return rig.is("cam", SessionState::Live); }));
  const pid_t pid = rig.view("cam").pid;
  ASSERT_TRUE(rig.table.unsubscribe(SessionRig::id("cam")));
  ASSERT_TRUE(rig.until([&] { return rig.table.size() == 0; }));
  EXPECT_FALSE(is_alive(pid));
}

TEST(SessionTable, ASubscribeDuringTheLastBreathKeepsTheNameAndStartsAnew) {
  SessionRig rig{"healthy_worker"};
  rig.subscribe("cam");
  ASSERT_TRUE(rig.until([&] { return rig.is("cam", SessionState::Live); }));
  ASSERT_TRUE(rig.table.unsubscribe(SessionRig::id("cam")));
  EXPECT_EQ(rig.view("cam").state, SessionState::Stopping);
  const auto again = rig.table.subscribe(SessionRig::spec("cam"));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->change, SessionTable::Change::Added);
  ASSERT_TRUE(rig.until([&] { return rig.is("cam", SessionState::Live, 2); }));
  EXPECT_EQ(std::ranges::count_if(rig.states, [](const auto& s) { return s.removed; }), 0);
}

TEST(SessionTable, ANameThatComesBackBeginsBehindTheGenerationsThatWere) {
  SessionRig rig{"healthy_worker"};
  rig.subscribe("cam");
  ASSERT_TRUE(rig.until([&] { return rig.is("cam", SessionState::Live, 1); }));
  ASSERT_TRUE(rig.table.unsubscribe(SessionRig::id("cam")));
  EXPECT_EQ(rig.table.last_generation(), 1U) << "on its way out";
  ASSERT_TRUE(rig.until([&] { return rig.table.size() == 0; }));
  EXPECT_EQ(rig.table.last_generation(), 1U) << "gone";
  rig.subscribe("cam");
  EXPECT_TRUE(rig.until([&] { return rig.is("cam", SessionState::Live, 2); }));
  EXPECT_EQ(rig.view("cam").restarts_total, 0U) << "a newcomer was not restarted";
}

TEST(SessionTable, TheOneTooManyIsRefusedAndTheOthersRunOn) {
  SessionRig rig{"healthy_worker", {}, {.max_sessions = 2}};
  rig.subscribe("one");
  rig.subscribe("two");
  const auto refused = rig.table.subscribe(SessionRig::spec("three"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::LimitReached);
  EXPECT_TRUE(rig.table.subscribe(SessionRig::spec("one"))) << "no newcomer";
  ASSERT_TRUE(rig.until(
      [&] { return rig.is("one", SessionState::Live) && rig.is("two", SessionState::Live); }));
}

TEST(SessionTable, TwoNamesThatWouldShareALogFileAreRefused) {
  SessionRig rig{"healthy_worker"};
  rig.subscribe("hall;door");
  const auto refused = rig.table.subscribe(SessionRig::spec("hall:door"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::AlreadyExists);
  EXPECT_NE(refused.error().message.find("hall;door"), std::string::npos);
}

TEST(SessionTable, StoppingAllEndsEveryWorkerAndThenRefusesNewOnes) {
  SessionRig rig{"healthy_worker"};
  for (const char* name : {"one", "two", "three"}) rig.subscribe(name);
  ASSERT_TRUE(rig.until([&] { return rig.is("three", SessionState::Live); }));
  bool stopped = false;
  rig.table.stop_all([&] { stopped = true; });
  EXPECT_FALSE(stopped);
  EXPECT_FALSE(rig.table.subscribe(SessionRig::spec("four")));
  ASSERT_TRUE(rig.until([&] { return stopped; }));
  EXPECT_EQ(rig.table.size(), 0U);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
}

TEST(SessionTable, StoppingNobodyIsDoneAtOnce) {
  SessionRig rig{"healthy_worker"};
  bool stopped = false;
  rig.table.stop_all([&] { stopped = true; });
  ASSERT_TRUE(rig.until([&] { return stopped; }));
}

TEST(SessionTable, DestroyingATableKillsItsWorkers) {
  pid_t pid = -1;
  {
    SessionRig rig{"ignores_stop"};
    rig.subscribe("cam");
    ASSERT_TRUE(rig.until([&] { return rig.is("cam", SessionState::Live); }));
    pid = rig.view("cam").pid;
  }
  EXPECT_FALSE(is_alive(pid));
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
}

TEST(SessionTable, AFullRingIsReadInTurnsSoThatOthersHaveTheirs) {
  SessionRig rig{"fills_its_ring"};
  rig.subscribe("cam");
  ASSERT_TRUE(rig.until([&] { return rig.is("cam", SessionState::Live); }));
  ASSERT_TRUE(rig.worker_says_done("cam"));
  const auto before = rig.results.size();
  ASSERT_TRUE(rig.until([&] { return rig.results.size() > before; }));
  EXPECT_LE(rig.results.size() - before, limits::kRecordsPerTurn);
  ASSERT_TRUE(rig.until([&] { return rig.results.size() - before > 1000; })) << "the rest follows";
}

TEST(SessionTable, UnknownNamesAreNotFound) {
  SessionRig rig{"healthy_worker"};
  EXPECT_EQ(rig.table.unsubscribe(SessionRig::id("nobody")).error().code, ErrorCode::NotFound);
  EXPECT_EQ(rig.table.get(SessionRig::id("nobody")).error().code, ErrorCode::NotFound);
}

}  // namespace
}  // namespace bulkhead::supervisor
