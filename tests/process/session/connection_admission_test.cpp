#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "tests/support/session_rig.hpp"

namespace bulkhead::supervisor {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kCameras = 30;  // of one host
constexpr std::size_t kUrgent = 10;   // of these
constexpr ConnectionRates kRates{.per_host_per_second = 8, .per_machine_per_second = 1000};
constexpr double kHostBurst = 16;

/// Thirty cameras of one recorder and one of another address.
class PowerCutTest : public ::testing::Test {
 protected:
  void start_cameras() {
    for (std::size_t i = 0; i < kCameras; ++i) {
      SessionSpec spec = SessionRig::spec("camera" + std::to_string(i));
      // The last ones, so that it is not their coming first that lets them go first.
      if (i >= kCameras - kUrgent) spec = urgent(std::to_string(i));
      ASSERT_TRUE(rig_.table.subscribe(spec));
    }
    SessionSpec other = SessionRig::spec("other");
    other.url = *RtspUrl::parse("rtsp://127.0.0.2/a");
    other.priority = 0;
    ASSERT_TRUE(rig_.table.subscribe(other));
    ASSERT_TRUE(rig_.until([&] { return live_since(0).size() == kCameras + 1; }));
  }

  static SessionSpec urgent(const std::string& number) {
    SessionSpec spec = SessionRig::spec("urgent" + number);
    spec.priority = 9;
    return spec;
  }

  /// Sessions that became live, in order, after this many states were seen.
  [[nodiscard]] std::vector<std::string> live_since(std::size_t seen) const {
    std::vector<std::string> names;
    for (std::size_t i = seen; i < rig_.states.size(); ++i) {
      if (rig_.states[i].to == SessionState::Live) names.push_back(rig_.states[i].session);
    }
    return names;
  }

  const steady_clock::time_point begin_ = steady_clock::now();
  SessionRig rig_{"loses_its_camera", {}, {.max_sessions = kCameras + 1, .rates = kRates}};
};

TEST_F(PowerCutTest, ConnectionsAreSpacedByTheRateUrgentOnesFirstAndAnotherHostDoesNotWait) {
  ASSERT_NO_FATAL_FAILURE(start_cameras());
  const std::size_t before = rig_.states.size();
  rig_.touch("power_cut");
  std::size_t waited_beside_other = 0;
  ASSERT_TRUE(rig_.until([&] {
    const auto live = live_since(before);
    if (!live.empty() && live.back() == "other") {
      waited_beside_other = rig_.table.connections().waiting;
    }
    // From the first start to now, never more than the burst and what has dripped in since.
    const double passed = std::chrono::duration<double>{steady_clock::now() - begin_}.count();
    const double connected = static_cast<double>(live_since(0).size()) - 2;  // without the other
    EXPECT_LE(connected, kHostBurst + passed * kRates.per_host_per_second);
    return live.size() == kCameras + 1;
  }));
  EXPECT_GE(waited_beside_other, kCameras / 2);

  auto order = live_since(before);
  std::erase(order, "other");
  // The few tokens that there were when the first of them asked went to who came first.
  order.resize(kUrgent + 5);
  EXPECT_EQ(std::ranges::count_if(order, [](const auto& name) { return name.starts_with("urg"); }),
            kUrgent);
  EXPECT_EQ(rig_.table.connections().waiting, 0U);
}

TEST(ConnectionAdmissionTest, AWorkerThatAsksWithoutEndTakesNoMoreThanAnHonestOneNeeds) {
  SessionRig rig{"asks_without_end"};
  rig.subscribe("mad");
  ASSERT_TRUE(rig.until([&] { return rig.results_of("mad") >= 50; }));
  constexpr std::uint64_t kAtOnce = 6;
  EXPECT_LE(rig.table.connections().admitted_total, kAtOnce + 2);
  EXPECT_TRUE(rig.is("mad", SessionState::Live));
}

TEST(ConnectionAdmissionTest, ASessionThatIsRemovedWhileItWaitsGivesUpItsPlace) {
  SessionRig rig{"loses_its_camera",
                 {},
                 {.rates = {.per_host_per_second = 0.1, .per_machine_per_second = 1000}}};
  rig.subscribe("first");
  rig.subscribe("second");
  ASSERT_EQ(rig.table.connections().waiting, 1U);
  ASSERT_TRUE(rig.until([&] { return rig.view("second").model.has_value(); }));
  EXPECT_TRUE(rig.is("second", SessionState::Starting));
  ASSERT_TRUE(rig.table.unsubscribe(SessionRig::id("second")));
  EXPECT_EQ(rig.table.connections().waiting, 0U);
  ASSERT_TRUE(rig.until([&] { return rig.table.size() == 1; }));
}

}  // namespace
}  // namespace bulkhead::supervisor
