#include "supervisor/session/restart_policy.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <set>

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;

/// The policy and a clock that moves when told.
class RestartPolicyTest : public testing::Test {
 protected:
  RestartPolicy::Decision die_after(Millis uptime, EndKind kind = EndKind::Transient) {
    now_ += uptime;
    return policy_.on_end(now_.count(), uptime, kind);
  }

  /// Dies at each start until the breaker opens; how many deaths that took.
  int deaths_until_open(Millis uptime) {
    for (int deaths = 1; deaths <= 100; ++deaths) {
      const auto decision = die_after(uptime);
      if (decision.after == AfterEnd::OpenBreaker) return deaths;
      now_ += decision.delay;
    }
    return -1;
  }

  std::chrono::nanoseconds now_ = 1h;
  RestartPolicy policy_{RestartLimits{}, 7};
};

TEST_F(RestartPolicyTest, ALoneDeathOfASettledWorkerIsRetriedAtOnce) {
  const auto decision = die_after(5s);
  EXPECT_EQ(decision.after, AfterEnd::Retry);
  EXPECT_EQ(decision.delay, 0ms);
}

TEST_F(RestartPolicyTest, AWorkerThatDiesAtItsStartWaitsAtLeastTheFirstDelay) {
  EXPECT_GE(die_after(10ms).delay, 200ms);
}

TEST_F(RestartPolicyTest, DelaysStayWithinTheirBoundsAndVary) {
  std::set<Millis> seen;
  for (int i = 0; i < 50; ++i) {
    now_ += 14s;  // never six within the window
    const auto decision = die_after(10ms);
    ASSERT_EQ(decision.after, AfterEnd::Retry);
    EXPECT_GE(decision.delay, 200ms);
    EXPECT_LE(decision.delay, 30s);
    seen.insert(decision.delay);
  }
  EXPECT_GT(seen.size(), 10U);
}

TEST_F(RestartPolicyTest, TheDeathAfterFiveRestartsInAMinuteOpensTheBreaker) {
  EXPECT_EQ(deaths_until_open(1ms), 6);
  EXPECT_TRUE(policy_.breaker_open());
}

TEST_F(RestartPolicyTest, FiveRestartsSpreadOverMoreThanAMinuteDoNot) {
  for (int i = 0; i < 100; ++i) {
    now_ += 12s;
    ASSERT_EQ(die_after(1ms).after, AfterEnd::Retry) << i;
  }
}

TEST_F(RestartPolicyTest, AnOpenBreakerLetsOneProbeThroughEachMinute) {
  deaths_until_open(1ms);
  for (int i = 0; i < 10; ++i) {
    const auto decision = die_after(30s);
    EXPECT_EQ(decision.after, AfterEnd::OpenBreaker);
    EXPECT_EQ(decision.delay, 60s);
    now_ += decision.delay;
  }
}

TEST_F(RestartPolicyTest, AProbeThatStaysUpForAMinuteClosesTheBreaker) {
  deaths_until_open(1ms);
  const auto decision = die_after(60s);
  EXPECT_EQ(decision.after, AfterEnd::Retry);
  EXPECT_EQ(decision.delay, 0ms);
  EXPECT_FALSE(policy_.breaker_open());
}

TEST_F(RestartPolicyTest, AnOperatorClosesTheBreaker) {
  deaths_until_open(1ms);
  policy_.reset();
  EXPECT_EQ(die_after(1ms).after, AfterEnd::Retry);
}

TEST_F(RestartPolicyTest, APermanentEndIsNotRetriedEvenTheFirstTime) {
  EXPECT_EQ(die_after(1h, EndKind::Permanent).after, AfterEnd::GiveUp);
}

TEST_F(RestartPolicyTest, AQuietMinuteMakesTheNextDeathALoneOne) {
  for (int i = 0; i < 4; ++i) now_ += die_after(1ms).delay;
  now_ += 60s;
  EXPECT_EQ(die_after(2s).delay, 0ms);
}

}  // namespace
}  // namespace bulkhead::supervisor
