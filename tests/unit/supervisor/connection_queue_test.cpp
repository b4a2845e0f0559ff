#include "supervisor/session/connection_queue.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/clock.hpp"

namespace bulkhead::supervisor {
namespace {

constexpr std::int64_t kStart = 1'000 * kNsPerSecond;
constexpr std::int64_t kHostInterval = kNsPerSecond / 2;
constexpr ConnectionRates kRates{.per_host_per_second = 2, .per_machine_per_second = 10};

/// Whose turn it is now, one after the other.
std::vector<ConnectionQueue::Ticket> admit_all(ConnectionQueue& queue, std::int64_t now_ns) {
  std::vector<ConnectionQueue::Ticket> admitted;
  while (const auto ticket = queue.next(now_ns)) {
    queue.admit(*ticket, now_ns);
    admitted.push_back(*ticket);
  }
  return admitted;
}

using Tickets = std::vector<ConnectionQueue::Ticket>;

TEST(ConnectionQueueTest, ALoneCameraNeverWaits) {
  ConnectionQueue queue{kRates};
  const auto ticket = queue.enter({.host = "a"});
  EXPECT_EQ(queue.next(kStart), ticket);
  EXPECT_EQ(queue.next_ns(kStart), kStart);
}

TEST(ConnectionQueueTest, AHostIsAskedAtItsRateOnceItsBurstIsUsedUp) {
  ConnectionQueue queue{kRates};
  for (int i = 0; i < 6; ++i) queue.enter({.host = "a"});
  EXPECT_EQ(admit_all(queue, kStart), (Tickets{1, 2, 3, 4}));
  EXPECT_EQ(queue.next_ns(kStart), kStart + kHostInterval);
  EXPECT_EQ(admit_all(queue, kStart + kHostInterval - 1), Tickets{});
  EXPECT_EQ(admit_all(queue, kStart + kHostInterval), Tickets{5});
  EXPECT_EQ(admit_all(queue, kStart + 2 * kHostInterval), Tickets{6});
  EXPECT_EQ(queue.next_ns(kStart), std::nullopt);
}

TEST(ConnectionQueueTest, TheHighestPriorityIsFirstAndEqualOnesKeepTheirOrder) {
  ConnectionQueue queue{{.per_host_per_second = 100, .per_machine_per_second = 100}};
  queue.enter({.host = "a", .priority = 1});
  queue.enter({.host = "a", .priority = 9});
  queue.enter({.host = "a", .priority = 5});
  queue.enter({.host = "a", .priority = 9});
  EXPECT_EQ(admit_all(queue, kStart), (Tickets{2, 4, 3, 1}));
}

TEST(ConnectionQueueTest, AHostWithoutTokensHoldsUpNobodyOfAnotherHost) {
  ConnectionQueue queue{kRates};
  for (int i = 0; i < 6; ++i) queue.enter({.host = "a", .priority = 9});
  const auto other = queue.enter({.host = "b", .priority = 0});
  EXPECT_EQ(admit_all(queue, kStart), (Tickets{1, 2, 3, 4, other}));
}

TEST(ConnectionQueueTest, TheMachineHasARateOverAllHosts) {
  ConnectionQueue queue{kRates};
  for (int i = 0; i < 12; ++i) queue.enter({.host = "host" + std::to_string(i)});
  EXPECT_EQ(queue.machine_tokens(kStart), 10);
  EXPECT_EQ(admit_all(queue, kStart).size(), 10U);
  EXPECT_EQ(queue.machine_tokens(kStart), 0);
  EXPECT_EQ(queue.next_ns(kStart), kStart + kNsPerSecond / 10);
  EXPECT_EQ(admit_all(queue, kStart + kNsPerSecond / 10), Tickets{11});
}

TEST(ConnectionQueueTest, WhoMayNotAskYetHoldsUpNobody) {
  ConnectionQueue queue{kRates};
  const auto later =
      queue.enter({.host = "a", .priority = 9, .not_before_ns = kStart + 10 * kNsPerSecond});
  const auto other = queue.enter({.host = "a", .priority = 1});
  EXPECT_EQ(admit_all(queue, kStart), Tickets{other});
  EXPECT_EQ(queue.next_ns(kStart), kStart + 10 * kNsPerSecond);
  EXPECT_EQ(admit_all(queue, kStart + 10 * kNsPerSecond), Tickets{later});
}

TEST(ConnectionQueueTest, WhoLeavesIsPassedOverAndTakesNoToken) {
  ConnectionQueue queue{kRates};
  for (int i = 0; i < 5; ++i) queue.enter({.host = "a"});
  queue.leave(1);
  EXPECT_EQ(queue.waiting(), 4U);
  EXPECT_EQ(admit_all(queue, kStart), (Tickets{2, 3, 4, 5}));
}

TEST(ConnectionQueueTest, HostsThatWereLeftAloneForABurstAreForgotten) {
  ConnectionQueue queue{{.per_host_per_second = 2, .per_machine_per_second = 1000}};
  for (int i = 0; i < 200; ++i) queue.enter({.host = "host" + std::to_string(i)});
  EXPECT_EQ(admit_all(queue, kStart).size(), 200U);
  EXPECT_EQ(queue.hosts(), 200U);
  queue.enter({.host = "another"});
  EXPECT_EQ(admit_all(queue, kStart + kHostInterval).size(), 1U);
  EXPECT_EQ(queue.hosts(), 1U);
}

}  // namespace
}  // namespace bulkhead::supervisor
