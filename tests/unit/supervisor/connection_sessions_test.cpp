#include "supervisor/control/connection_sessions.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace bulkhead::supervisor {
namespace {

class ConnectionSessionsTest : public ::testing::Test {
 protected:
  boost::asio::io_context loop_;
  std::vector<std::string> removed_;
  ConnectionSessions sessions_{loop_, std::chrono::milliseconds{1},
                               [this](const SubscriptionId& id) { removed_.push_back(id.text()); }};
  const SubscriptionId cam_ = SubscriptionId::parse("cam").value();
};

TEST_F(ConnectionSessionsTest, ASessionIsRemovedAfterItsConnectionHasGone) {
  sessions_.own(cam_, 1);
  loop_.run();
  EXPECT_TRUE(removed_.empty());
  sessions_.connection_gone(1);
  EXPECT_TRUE(removed_.empty());
  loop_.restart();
  loop_.run();
  EXPECT_EQ(removed_, std::vector<std::string>{"cam"});
  EXPECT_EQ(sessions_.size(), 0U);
}

TEST_F(ConnectionSessionsTest, AnotherConnectionThatSubscribesInTimeSavesIt) {
  sessions_.own(cam_, 1);
  sessions_.connection_gone(1);
  sessions_.own(cam_, 2);
  loop_.run();
  EXPECT_TRUE(removed_.empty());
  EXPECT_EQ(sessions_.size(), 1U);
}

TEST_F(ConnectionSessionsTest, OnlyTheLastOwnerCounts) {
  sessions_.own(cam_, 1);
  sessions_.own(cam_, 2);
  sessions_.connection_gone(1);
  loop_.run();
  EXPECT_TRUE(removed_.empty());
}

TEST_F(ConnectionSessionsTest, AReleasedSessionStays) {
  sessions_.own(cam_, 1);
  sessions_.connection_gone(1);
  sessions_.release(cam_);
  loop_.run();
  EXPECT_TRUE(removed_.empty());
}

TEST_F(ConnectionSessionsTest, ClearingLeavesTheLoopNothingToWaitFor) {
  sessions_.own(cam_, 1);
  sessions_.connection_gone(1);
  sessions_.clear();
  loop_.run();
  EXPECT_TRUE(removed_.empty());
}

}  // namespace
}  // namespace bulkhead::supervisor
