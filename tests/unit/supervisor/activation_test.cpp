#include "supervisor/session/activation.hpp"

#include <gtest/gtest.h>

#include "common/clock.hpp"

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;

SessionSpec spec(Availability availability) {
  return {.id = *SubscriptionId::parse("gate"),
          .url = *RtspUrl::parse("rtsp://10.0.0.5/a"),
          .pipeline = {},
          .pipeline_name = {},
          .availability = availability};
}

class ActivationTest : public ::testing::Test {
 protected:
  bool runs(double at_s, bool demanded) {
    const auto now_ns = static_cast<std::int64_t>(at_s * kNsPerSecond);
    return !activation_.rest(spec(availability_),
                             {.wall_ns = 0, .monotonic_ns = now_ns, .demanded = demanded});
  }

  Availability availability_ = Availability::OnDemand;
  Activation activation_{{.look = 1s, .linger = 30s}, [](std::int64_t) { return 0; }};
};

TEST_F(ActivationTest, WhoShallBeThereOrComesAndGoesMayAlwaysRun) {
  for (const auto availability : {Availability::Always, Availability::Intermittent}) {
    availability_ = availability;
    EXPECT_TRUE(runs(0, false));
    EXPECT_FALSE(Activation::changes(availability));
  }
}

TEST_F(ActivationTest, OnDemandRestsUntilSomebodyAsks) {
  EXPECT_TRUE(Activation::changes(availability_));
  EXPECT_FALSE(runs(0, false));
  EXPECT_FALSE(runs(1000, false));
  EXPECT_TRUE(runs(1001, true));
}

TEST_F(ActivationTest, AfterTheLastWhoAskedItLingersAndThenRests) {
  EXPECT_TRUE(runs(0, true));
  EXPECT_TRUE(runs(100, true));
  EXPECT_TRUE(runs(129.9, false));
  EXPECT_FALSE(runs(130, false)) << "the limit itself is past it";
}

TEST_F(ActivationTest, WithoutLingeringWhoAsksIsHeardAllTheSame) {
  activation_ = Activation{{.look = 1s, .linger = 0s}, [](std::int64_t) { return 0; }};
  EXPECT_TRUE(runs(0, true));
  EXPECT_FALSE(runs(0, false));
}

TEST_F(ActivationTest, WhoComesBackInTimeBeginsTheLingeringAnew) {
  EXPECT_TRUE(runs(0, true));
  EXPECT_TRUE(runs(29, false));
  EXPECT_TRUE(runs(29.5, true));
  EXPECT_TRUE(runs(59, false));
  EXPECT_FALSE(runs(60, false));
}

TEST_F(ActivationTest, AScheduledOneRestsOutsideOfItsWindowsAndSaysUntilWhen) {
  EXPECT_TRUE(Activation::changes(Availability::Scheduled));
  SessionSpec spec = bulkhead::supervisor::spec(Availability::Scheduled);
  spec.schedule = {{.days = 1, .from = 8 * 60, .to = 18 * 60}};  // on Mondays
  constexpr std::int64_t kMonday = 1'767'571'200;                // 2026-01-05, 00:00 UTC
  const auto rest_at = [&](std::int64_t wall_s) {
    return activation_.rest(
        spec, {.wall_ns = wall_s * kNsPerSecond, .monotonic_ns = 0, .demanded = false});
  };
  const auto early = rest_at(kMonday);
  ASSERT_TRUE(early);
  EXPECT_EQ(early->next_start_wall_ns, (kMonday + 8 * 3600) * kNsPerSecond);
  EXPECT_NE(early->why.find("starts at 2026-01-05T08:00:00"), std::string::npos) << early->why;
  EXPECT_EQ(rest_at(kMonday + 12 * 3600), std::nullopt);
  EXPECT_EQ(rest_at(kMonday + 18 * 3600)->next_start_wall_ns,
            (kMonday + (7 * 24 + 8) * 3600) * kNsPerSecond);
}

}  // namespace
}  // namespace bulkhead::supervisor
