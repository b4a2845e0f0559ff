// What a worker noticed although its camera works: told, shown, and over when its worker is.

#include <gtest/gtest.h>

#include <csignal>

#include "tests/support/session_rig.hpp"

namespace bulkhead::supervisor {
namespace {

TEST(SessionAlert, IsToldAndShownAndChangesNoState) {
  SessionRig rig{"gives_alerts"};
  rig.subscribe("cam");
  ASSERT_TRUE(rig.until([&] { return !rig.alerts.empty() && rig.results.size() >= 5; }));
  EXPECT_TRUE(rig.alerts[0].active);
  EXPECT_EQ(rig.alerts[0].text, "dark");
  const SessionView view = rig.view("cam");
  ASSERT_EQ(view.alerts.size(), 1U);
  EXPECT_EQ(view.alerts[0].kind, ipc::AlertKind::DarkPicture);
  EXPECT_GT(view.alerts[0].since_wall_ns, 0);
  EXPECT_EQ(view.state, SessionState::Live);
}

TEST(SessionAlert, EndsWithItsWorkerAndTheNextOneGivesItAnew) {
  SessionRig rig{"gives_alerts"};
  rig.subscribe("cam");
  ASSERT_TRUE(rig.until([&] { return rig.alerts.size() == 1; }));
  ::kill(rig.view("cam").pid, SIGKILL);
  ASSERT_TRUE(rig.until([&] { return rig.alerts.size() == 2; }));
  EXPECT_FALSE(rig.alerts[1].active);
  EXPECT_EQ(rig.alerts[1].text, "the worker ended");
  EXPECT_TRUE(rig.view("cam").alerts.empty());
  ASSERT_TRUE(rig.until([&] { return rig.alerts.size() == 3; }));
  EXPECT_TRUE(rig.alerts[2].active);
}

TEST(SessionAlert, AWorkerThatGivesItAgainAtOnceIsBroken) {
  SessionRig rig{"gives_alerts"};
  rig.subscribe("cam");
  ASSERT_TRUE(rig.until([&] { return rig.alerts.size() == 1; }));
  rig.table.snapshot(SessionRig::id("cam"), [](const auto&) {});  // its first command
  ASSERT_TRUE(rig.until([&] { return !rig.view("cam").last_exits.empty(); }));
  EXPECT_EQ(rig.view("cam").last_exits.at(0).reason, ErrorCode::ProtocolError);
}

}  // namespace
}  // namespace bulkhead::supervisor
