#include "worker/source/connect_permit.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <stop_token>
#include <thread>

#include "tests/support/hang_limit.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;

using Waited = ConnectPermit::Waited;

TEST(ConnectPermitTest, IsWaitedForUntilItIsGrantedByAnotherThread) {
  ConnectPermit permit;
  const std::jthread control{[&] { permit.grant(); }};
  EXPECT_EQ(permit.wait(test::kHangLimit, {}), Waited::Granted);
}

TEST(ConnectPermitTest, ServesOneConnectionAndASilentSupervisorKeepsNoCameraDark) {
  ConnectPermit permit;
  permit.grant();
  EXPECT_EQ(permit.wait(1ms, {}), Waited::Granted);
  EXPECT_EQ(permit.wait(1ms, {}), Waited::LimitOver);
}

TEST(ConnectPermitTest, OneThatCameTooLateIsOfNoUseForTheNextConnection) {
  ConnectPermit permit;
  permit.grant();
  permit.withdraw();
  EXPECT_EQ(permit.wait(1ms, {}), Waited::LimitOver);
}

TEST(ConnectPermitTest, AStopEndsTheWait) {
  ConnectPermit permit;
  std::stop_source stopping;
  const std::jthread control{[&] { stopping.request_stop(); }};
  EXPECT_EQ(permit.wait(test::kHangLimit, stopping.get_token()), Waited::Stopped);
}

}  // namespace
}  // namespace bulkhead::worker
