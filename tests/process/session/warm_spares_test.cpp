// Workers that were started before anybody asked for one.

#include <gtest/gtest.h>
#include <sys/types.h>

#include <unistd.h>

#include <csignal>
#include <fstream>
#include <optional>
#include <set>
#include <string>

#include "tests/support/session_rig.hpp"

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;

/// `hello` judges spares that work, too, where it is not the test's to shorten.
SessionLimits quickly(Millis hello = 2s) {
  SessionLimits limits;
  limits.spares = {.refill = 10ms, .retry_longest = 50ms, .hello = hello};
  return limits;
}

/// Of this process; the workers of a rig.
std::set<pid_t> children() {
  std::set<pid_t> pids;
  const std::string self = std::to_string(::getpid());
  std::ifstream listed{"/proc/" + self + "/task/" + self + "/children"};
  for (pid_t pid = 0; listed >> pid;) pids.insert(pid);
  return pids;
}

class WarmSparesTest : public testing::Test {
 protected:
  SessionRig& with_spares(const std::string& fixture, std::size_t count,
                          const SessionLimits& limits = quickly()) {
    rig_.emplace(fixture, limits, RigMachine{.warm_spares = count});
    return *rig_;
  }

  [[nodiscard]] bool are_ready(std::size_t count) {
    return rig_->until([&] { return rig_->table.warm_spares() == count; });
  }

  std::optional<SessionRig> rig_;
};

TEST_F(WarmSparesTest, TheNextSessionHasTheWorkerThatWaited) {
  SessionRig& rig = with_spares("healthy_worker", 1);
  ASSERT_TRUE(are_ready(1));
  const std::set<pid_t> waiting = children();
  ASSERT_EQ(waiting.size(), 1U);
  rig.subscribe("cam");
  EXPECT_EQ(rig.view("cam").pid, *waiting.begin());
  ASSERT_TRUE(rig.until([&] { return rig.results_of("cam") > 0; }));
  EXPECT_TRUE(are_ready(1)) << "it is followed by another";
}

TEST_F(WarmSparesTest, AsManyWaitAsAreAskedFor) {
  with_spares("healthy_worker", 3);
  ASSERT_TRUE(are_ready(3));
  EXPECT_EQ(children().size(), 3U);
}

TEST_F(WarmSparesTest, OneThatDiedIsReplacedAndNotGivenToASession) {
  SessionRig& rig = with_spares("healthy_worker", 1);
  ASSERT_TRUE(are_ready(1));
  const pid_t first = *children().begin();
  ::kill(first, SIGKILL);
  ASSERT_TRUE(rig.until([&] { return !children().contains(first); }));
  ASSERT_TRUE(are_ready(1));
  rig.subscribe("cam");
  EXPECT_NE(rig.view("cam").pid, first);
  ASSERT_TRUE(rig.until([&] { return rig.is("cam", SessionState::Live); }));
}

TEST_F(WarmSparesTest, OneThatIsHeldByASignalIsNotGivenToASession) {
  SessionRig& rig = with_spares("healthy_worker", 1);
  ASSERT_TRUE(are_ready(1));
  const pid_t held = *children().begin();
  ::kill(held, SIGSTOP);
  ASSERT_TRUE(rig.until([&] { return rig.table.warm_spares() == 0; }));
  rig.subscribe("cam");
  EXPECT_NE(rig.view("cam").pid, held);
  ASSERT_TRUE(rig.until([&] { return rig.is("cam", SessionState::Live); }));
  ASSERT_TRUE(are_ready(1));
  EXPECT_FALSE(is_alive(held));
}

TEST_F(WarmSparesTest, WhereTheyNeverSayHelloSessionsStartTheirWorkersThemselves) {
  SessionRig& rig = with_spares("never_says_hello", 1, quickly(300ms));
  ASSERT_TRUE(rig.until([] { return children().size() == 1; }));
  const pid_t silent = *children().begin();
  rig.subscribe("cam");
  EXPECT_NE(rig.view("cam").pid, silent);
  EXPECT_TRUE(rig.until([&] { return !is_alive(silent); })) << "it is not waited for for ever";
}

TEST_F(WarmSparesTest, NoneIsLeftWhenAllSessionsAreStopped) {
  SessionRig& rig = with_spares("healthy_worker", 2);
  ASSERT_TRUE(are_ready(2));
  bool stopped = false;
  rig.table.stop_all([&] { stopped = true; });
  ASSERT_TRUE(rig.until([&] { return stopped; }));
  EXPECT_TRUE(children().empty());
}

}  // namespace
}  // namespace bulkhead::supervisor
