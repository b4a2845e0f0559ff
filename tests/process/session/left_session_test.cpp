// What a worker that died has left at its camera, and who is told to end it.

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <string>

#include "tests/support/session_rig.hpp"

namespace bulkhead::supervisor {
namespace {

class LeftSessionTest : public testing::Test {
 protected:
  /// A worker with a session at its camera of this path.
  void watch(const std::string& path) {
    ASSERT_TRUE(rig_.table.subscribe(SessionRig::spec("cam", path)));
    ASSERT_TRUE(rig_.until([&] { return rig_.results_of("cam") > 0; }));
  }

  void kill_worker() { ASSERT_EQ(::kill(rig_.view("cam").pid, SIGKILL), 0); }

  void restart(RestartMode mode) {
    rig_.table.restart(SessionRig::id("cam"), mode, [](const auto&) {});
  }

  /// What the worker of this generation was told to end.
  std::string told(Generation generation) {
    std::string text;
    EXPECT_TRUE(rig_.until([&] {
      const auto exits = rig_.view("cam").last_exits;
      const auto its = std::ranges::find(exits, generation, &ExitRecord::generation);
      if (its != exits.end()) text = its->text;
      return its != exits.end();
    }));
    return text;
  }

  SessionRig rig_{"leaves_its_session"};
};

TEST_F(LeftSessionTest, OfAKilledWorkerIsForTheNextToEnd) {
  watch("/a");
  kill_worker();
  EXPECT_EQ(told(2), "ends one of /all");
}

TEST_F(LeftSessionTest, IsPassedOnByAWorkerThatEndsBeforeItCouldEndIt) {
  watch("/a");
  kill_worker();
  EXPECT_EQ(told(3), "ends one of /all");
}

TEST_F(LeftSessionTest, ThatItsWorkerHasEndedIsNobodysToEnd) {
  watch("/ends");
  kill_worker();
  EXPECT_EQ(told(2), "ends nothing");
}

TEST_F(LeftSessionTest, IsNotEndedByOneThatOverlapsTheWorkerThatHasIt) {
  watch("/a");
  restart(RestartMode::Overlap);
  EXPECT_EQ(told(2), "ends nothing");
}

TEST_F(LeftSessionTest, IsEndedByTheOneThatWaitedForItsWorkersEnd) {
  watch("/a");
  restart(RestartMode::Replace);
  EXPECT_EQ(told(2), "ends one of /all");
}

TEST_F(LeftSessionTest, IsNotEndedAtAnotherCamera) {
  watch("/a");
  ASSERT_TRUE(rig_.table.subscribe(SessionRig::spec("cam", "/b")));
  EXPECT_EQ(told(2), "ends nothing");
}

TEST_F(LeftSessionTest, IsNotEndedAtAnotherCameraThatIsAskedForWhileNoWorkerIs) {
  watch("/a");
  kill_worker();
  ASSERT_TRUE(rig_.until([&] { return rig_.is("cam", SessionState::BackingOff, 3); }));
  ASSERT_TRUE(rig_.table.subscribe(SessionRig::spec("cam", "/b")));
  EXPECT_EQ(told(4), "ends nothing");
}

}  // namespace
}  // namespace bulkhead::supervisor
