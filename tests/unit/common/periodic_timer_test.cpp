#include "common/periodic_timer.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>

#include "tests/support/hang_limit.hpp"

namespace bulkhead {
namespace {

using namespace std::chrono_literals;

TEST(PeriodicTimerTest, ItActsUntilItIsStoppedAndLeavesTheLoopNoWork) {
  boost::asio::io_context loop;
  PeriodicTimer timer{loop};
  int times = 0;
  timer.start(1ms, [&] {
    if (++times == 3) timer.stop();
  });
  loop.run_for(test::kHangLimit);
  EXPECT_TRUE(loop.stopped());
  EXPECT_EQ(times, 3);
}

TEST(PeriodicTimerTest, OneThatIsStoppedInTheTurnInWhichItsTimeHadComeActsNoMore) {
  boost::asio::io_context loop;
  PeriodicTimer one{loop};
  PeriodicTimer other{loop};
  int times = 0;
  const auto stop_both = [&] {
    ++times;
    one.stop();
    other.stop();
  };
  one.start(1ms, stop_both);
  other.start(1ms, stop_both);
  // The time of both has come when the loop looks first, so that both are due in one turn.
  const auto due = std::chrono::steady_clock::now() + 2ms;
  while (std::chrono::steady_clock::now() < due) {
  }
  loop.run_for(test::kHangLimit);
  EXPECT_TRUE(loop.stopped());
  EXPECT_EQ(times, 1);
}

TEST(PeriodicTimerTest, OneThatIsGoneActsNoMore) {
  boost::asio::io_context loop;
  bool acted = false;
  {
    PeriodicTimer timer{loop};
    timer.start(1ms, [&] { acted = true; });
  }
  loop.run_for(test::kHangLimit);
  EXPECT_TRUE(loop.stopped());
  EXPECT_FALSE(acted);
}

}  // namespace
}  // namespace bulkhead
