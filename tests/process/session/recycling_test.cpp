// Workers that work are replaced by plan, and nobody who watches the camera notices.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/support/session_rig.hpp"

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;

SessionLimits recycled_soon() {
  SessionLimits limits;
  limits.recycling.look = 50ms;
  limits.recycling.warm_up = 200ms;
  limits.recycling.sample_interval = 50ms;
  limits.recycling.samples = 8;
  limits.recycling.spacing = 100ms;
  limits.recycling.retry = 0ms;
  return limits;
}

constexpr RecyclingRule kYoung{.max_age = 700ms};

TEST(PlannedRecycling, AWorkerOfFullAgeIsFollowedByAnotherAndNoResultIsLost) {
  SessionRig rig{"watches_a_camera", recycled_soon(), {.recycling = kYoung}};
  ASSERT_TRUE(rig.table.subscribe(SessionRig::spec("cam", "/steady")));
  ASSERT_TRUE(rig.until([&] { return rig.results_of("cam", 3) > 10; }));
  for (std::size_t i = 1; i < rig.results.size(); ++i) {
    ASSERT_EQ(rig.results[i].frame_id, rig.results[i - 1].frame_id + 1) << "at result " << i;
  }
  const SessionView view = rig.view("cam");
  EXPECT_GE(view.restarts_by_reason.at("RECYCLED_AGE"), 2U);
  const auto path = rig.path_of("cam");
  EXPECT_TRUE(std::all_of(path.begin() + 2, path.end(), [](auto& state) {
    return state == "LIVE";
  })) << "it never stops being live";
  for (const ExitRecord& exit : view.last_exits) EXPECT_EQ(exit.reason, ErrorCode::None);
}

TEST(PlannedRecycling, AWorkerWhoseMemoryGrowsIsFollowedByOneWhoseDoesNot) {
  SessionRig rig{"leaks_memory",
                 recycled_soon(),
                 {.recycling = {.max_growth_bytes_per_hour = std::uint64_t{1} << 30}}};
  ASSERT_TRUE(rig.table.subscribe(SessionRig::spec("cam", "/slowly")));
  ASSERT_TRUE(rig.until([&] { return rig.results_of("cam", 2) > 200; }));
  EXPECT_EQ(rig.view("cam").restarts_by_reason.at("RECYCLED_MEMORY"), 1U);
  EXPECT_EQ(rig.view("cam").generation, 2U) << "the second does not grow and stays";
  EXPECT_EQ(rig.view("cam").last_exits.at(0).reason, ErrorCode::None);
}

TEST(PlannedRecycling, CamerasTakeTurnsAndEachHasOne) {
  SessionLimits limits = recycled_soon();
  limits.recycling.spacing = 2s;
  SessionRig rig{"watches_a_camera", limits, {.recycling = kYoung}};
  for (const std::string name : {"one", "two", "three"}) {
    ASSERT_TRUE(rig.table.subscribe(SessionRig::spec(name, "/steady")));
  }
  std::size_t most_at_once = 0;
  ASSERT_TRUE(rig.until([&] {
    const auto views = rig.table.list();
    const auto successors = std::count_if(
        views.begin(), views.end(), [](const SessionView& v) { return v.successor.has_value(); });
    most_at_once = std::max(most_at_once, static_cast<std::size_t>(successors));
    return std::all_of(views.begin(), views.end(),
                       [](const SessionView& view) { return view.generation > 1; });
  }));
  EXPECT_EQ(most_at_once, 1U);
}

TEST(PlannedRecycling, WhereTheNewWorkerDoesNotGetReadyTheOldOneStaysAndTheOthersHaveTheirTurn) {
  SessionLimits limits = recycled_soon();
  limits.restarted = 3s;  // the good one has to be ready by then, too
  limits.recycling.retry = 9s;
  SessionRig rig{"watches_a_camera", limits, {.recycling = kYoung}};
  ASSERT_TRUE(rig.table.subscribe(SessionRig::spec("bad", "/late")));
  ASSERT_TRUE(rig.table.subscribe(SessionRig::spec("good", "/steady")));
  ASSERT_TRUE(rig.until([&] { return rig.view("good").generation > 1; }));
  EXPECT_EQ(rig.view("bad").generation, 1U);
  EXPECT_EQ(rig.view("bad").state, SessionState::Live);
}

}  // namespace
}  // namespace bulkhead::supervisor
