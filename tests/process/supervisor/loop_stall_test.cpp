#include "supervisor/loop_stall.hpp"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <chrono>
#include <vector>

namespace bulkhead::supervisor {
namespace {

using std::chrono::milliseconds;

// Generous, so that a busy machine is not taken for a stall.
constexpr milliseconds kTick{1};
constexpr milliseconds kLimit{200};
constexpr milliseconds kHangLimit{30'000};

TEST(LoopStallTest, AHandlerThatBlocksTheLoopIsReportedWithItsLength) {
  boost::asio::io_context loop;
  std::vector<milliseconds> reported;
  LoopStall stall{loop, kTick, kLimit, [&](milliseconds length) {
                    reported.push_back(length);
                    loop.stop();
                  }};
  boost::asio::post(loop, [] {  // the misbehaviour
    const auto end = std::chrono::steady_clock::now() + 2 * kLimit;
    while (std::chrono::steady_clock::now() < end) {
    }
  });
  loop.run_for(kHangLimit);
  ASSERT_EQ(reported.size(), 1U);
  EXPECT_GT(reported[0], kLimit);
  EXPECT_EQ(stall.stalls_total(), 1U);
  EXPECT_EQ(stall.longest(), reported[0]);
}

TEST(LoopStallTest, AfterCloseTheLoopRunsOutOfWork) {
  boost::asio::io_context loop;
  LoopStall stall{loop, kTick, kHangLimit, [](milliseconds) { FAIL(); }};
  boost::asio::post(loop, [&] { stall.close(); });
  loop.run_for(kHangLimit);
  EXPECT_TRUE(loop.stopped());
}

}  // namespace
}  // namespace bulkhead::supervisor
