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
    return !activation_.rest(spec(availability_), {.monotonic_ns = now_ns, .demanded = demanded});
  }

  Availability availability_ = Availability::OnDemand;
  Activation activation_{{.look = 1s, .linger = 30s}};
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
  activation_ = Activation{{.look = 1s, .linger = 0s}};
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

}  // namespace
}  // namespace bulkhead::supervisor
