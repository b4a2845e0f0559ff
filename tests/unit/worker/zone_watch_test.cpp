#include "worker/zone/zone_watch.hpp"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace bulkhead::worker {
namespace {

constexpr std::int64_t kZoneMs = 1'000'000;
const std::vector<std::string> kLabels{"person", "car"};

ZoneSpec left_half() {
  ZoneSpec zone;
  zone.name = "left";
  zone.points = {{0, 0}, {0.5F, 0}, {0.5F, 1}, {0, 1}};
  return zone;
}

/// A box of 40×100 whose middle is at x, in a picture of 1000×1000.
Object someone(float x, std::uint32_t track_id = 1, float confidence = 0.9F) {
  return {
      .box = {x - 20, 400, 40, 100}, .confidence = confidence, .label_id = 0, .track_id = track_id};
}

class ZoneWatchTest : public testing::Test {
 protected:
  using Events = std::vector<ipc::Event>;

  Events frame(ZoneWatch& zone, std::int64_t at_ms, const std::vector<Object>& objects) {
    EventList list{{.at_ns = at_ms * kZoneMs, .frame_id = 7, .width = 1000, .height = 1000}};
    is_in_.clear();
    for (const Object& object : objects) is_in_.push_back(zone.observe(object, list));
    zone.finish(list);
    return events_of(list);
  }

  Events end(ZoneWatch& zone, std::int64_t at_ms, std::uint32_t track_id) {
    EventList list{{.at_ns = at_ms * kZoneMs, .width = 1000, .height = 1000}};
    zone.end(track_id, list);
    zone.finish(list);
    return events_of(list);
  }

  static Events events_of(EventList& list) {
    Events events;
    for (const auto& entry : list.take()) events.push_back(entry.event);
    return events;
  }

  static std::vector<EventKind> kinds_of(const Events& events) {
    std::vector<EventKind> kinds;
    for (const ipc::Event& event : events) kinds.push_back(event.kind);
    return kinds;
  }

  std::vector<bool> is_in_;
};

using Kinds = std::vector<EventKind>;

TEST_F(ZoneWatchTest, WhoComesAndStaysEntersAndWhoGoesAndStaysAwayLeaves) {
  ZoneWatch zone{left_half(), kLabels};
  EXPECT_TRUE(frame(zone, 0, {someone(700)}).empty());
  EXPECT_TRUE(frame(zone, 100, {someone(400)}).empty()) << "not for long enough";
  EXPECT_TRUE(frame(zone, 300, {someone(390)}).empty());
  const Events entered = frame(zone, 400, {someone(380)});
  ASSERT_EQ(kinds_of(entered), (Kinds{EventKind::ZoneEnter, EventKind::ZoneCount}));
  EXPECT_EQ(entered[0].zone, "left");
  EXPECT_EQ(entered[0].object.track_id, 1U);
  EXPECT_EQ(entered[0].frame_id, 7U);
  EXPECT_EQ(entered[1].count, 1U);
  EXPECT_TRUE(is_in_[0]);
  EXPECT_TRUE(frame(zone, 1000, {someone(600)}).empty());
  EXPECT_TRUE(is_in_[0]) << "it has not left yet";
  const Events left = frame(zone, 1300, {someone(700)});
  ASSERT_EQ(kinds_of(left), (Kinds{EventKind::ZoneLeave, EventKind::ZoneCount}));
  EXPECT_EQ(left[0].dwell_ms, 900U) << "from when it was first seen in to when it was first not";
  EXPECT_EQ(left[0].reason, EventReason::None);
  EXPECT_EQ(left[1].count, 0U);
  EXPECT_FALSE(is_in_[0]);
}

TEST_F(ZoneWatchTest, ABoxThatJittersOnTheBorderMakesNoEvents) {
  ZoneWatch zone{left_half(), kLabels};
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(frame(zone, 100 * i, {someone(i % 3 == 0 ? 505.F : 495.F)}).empty()) << i;
  }
}

TEST_F(ZoneWatchTest, AtALowRateTwoFramesInARowAreEnoughAndOneIsNot) {
  ZoneWatch zone{left_half(), kLabels};
  EXPECT_TRUE(frame(zone, 0, {someone(400)}).empty());
  EXPECT_FALSE(frame(zone, 1000, {someone(400)}).empty());
  EXPECT_TRUE(frame(zone, 2000, {someone(600)}).empty()) << "one that is wrong";
  EXPECT_TRUE(frame(zone, 3000, {someone(400)}).empty());
}

TEST_F(ZoneWatchTest, WithoutDebouncingTheFirstFrameCounts) {
  ZoneSpec spec = left_half();
  spec.debounce_seconds = 0;
  ZoneWatch zone{spec, kLabels};
  EXPECT_EQ(frame(zone, 0, {someone(400)}).size(), 2U);
  EXPECT_EQ(frame(zone, 40, {someone(600)}).size(), 2U);
}

TEST_F(ZoneWatchTest, AStayIsToldOnceWhenItHasBecomeLong) {
  ZoneSpec spec = left_half();
  spec.dwell_seconds = 2;
  ZoneWatch zone{spec, kLabels};
  frame(zone, 0, {someone(400)});
  frame(zone, 300, {someone(400)});
  EXPECT_TRUE(frame(zone, 1999, {someone(400)}).empty());
  const Events dwelt = frame(zone, 2000, {});  // hidden, and there all the same
  ASSERT_EQ(kinds_of(dwelt), (Kinds{EventKind::ZoneDwell}));
  EXPECT_EQ(dwelt[0].dwell_ms, 2000U);
  EXPECT_EQ(dwelt[0].object.track_id, 1U);
  EXPECT_TRUE(frame(zone, 5000, {someone(400)}).empty()) << "once a stay";
  frame(zone, 5100, {someone(600)});
  frame(zone, 5400, {someone(600)});
  frame(zone, 6000, {someone(400)});
  frame(zone, 6300, {someone(400)});
  ASSERT_EQ(kinds_of(frame(zone, 8000, {someone(400)})), (Kinds{EventKind::ZoneDwell})) << "again";
}

TEST_F(ZoneWatchTest, ATrackThatEndsInsideLeavesWhenItWasLastSeen) {
  ZoneWatch zone{left_half(), kLabels};
  frame(zone, 0, {someone(400)});
  frame(zone, 500, {someone(400)});
  const Events left = end(zone, 2600, 1);
  ASSERT_EQ(kinds_of(left), (Kinds{EventKind::ZoneLeave, EventKind::ZoneCount}));
  EXPECT_EQ(left[0].reason, EventReason::TrackEnded);
  EXPECT_EQ(left[0].dwell_ms, 500U);
  EXPECT_TRUE(end(zone, 2700, 1).empty()) << "once";
}

TEST_F(ZoneWatchTest, ATrackThatEndsOutsideOrUnknownLeavesNothing) {
  ZoneWatch zone{left_half(), kLabels};
  frame(zone, 0, {someone(700)});
  EXPECT_TRUE(end(zone, 100, 1).empty());
  EXPECT_TRUE(end(zone, 100, 2).empty());
}

TEST_F(ZoneWatchTest, HowManyAreInIsToldByClassOnceAFrame) {
  ZoneSpec spec = left_half();
  spec.debounce_seconds = 0;
  ZoneWatch zone{spec, kLabels};
  Object car = someone(300, 9);
  car.label_id = 1;
  const Events came = frame(zone, 0, {someone(100, 1), someone(200, 2), car});
  ASSERT_EQ(came.size(), 5U);
  EXPECT_EQ(came[3].kind, EventKind::ZoneCount);
  EXPECT_EQ(came[3].object.label_id, 0);
  EXPECT_EQ(came[3].object.track_id, 0U);
  EXPECT_EQ(came[3].count, 2U);
  EXPECT_EQ(came[4].object.label_id, 1);
  EXPECT_EQ(came[4].count, 1U);
  const Events exchanged = frame(zone, 40, {someone(600, 1), someone(100, 3)});
  ASSERT_EQ(kinds_of(exchanged), (Kinds{EventKind::ZoneLeave, EventKind::ZoneEnter}))
      << "as many as before";
}

TEST_F(ZoneWatchTest, OnlyTheClassesAndTheConfidenceItAsksForCountAndWhoIsInStaysIn) {
  ZoneSpec spec = left_half();
  spec.debounce_seconds = 0;
  spec.classes = {"person"};
  spec.min_confidence = 0.5F;
  ZoneWatch zone{spec, kLabels};
  Object car = someone(300, 9);
  car.label_id = 1;
  EXPECT_TRUE(frame(zone, 0, {car, someone(300, 1, 0.49F)}).empty());
  EXPECT_FALSE(frame(zone, 40, {someone(300, 1, 0.5F)}).empty());
  EXPECT_TRUE(frame(zone, 80, {someone(300, 1, 0.2F)}).empty()) << "half hidden";
  EXPECT_TRUE(is_in_[0]);
}

TEST_F(ZoneWatchTest, AClassThatTheModelDoesNotHaveCountsNobody) {
  ZoneSpec spec = left_half();
  spec.debounce_seconds = 0;
  spec.classes = {"cow"};
  ZoneWatch none{spec, {}};
  EXPECT_TRUE(frame(none, 0, {someone(300)}).empty());
}

TEST_F(ZoneWatchTest, WhoIsCutOffByTheEdgeOfThePictureStandsInTheZoneThatEndsThere) {
  const Moment moment{.width = 1000, .height = 1000};
  EXPECT_LT(place_of({900, 900, 100, 100}, ZoneAnchor::Bottom, moment).y, 1);
  EXPECT_EQ(place_of({900, 850, 100, 100}, ZoneAnchor::Center, moment).y, 0.9F);
  ZoneSpec spec = left_half();
  spec.debounce_seconds = 0;
  ZoneWatch zone{spec, kLabels};
  Object cut = someone(300);
  cut.box.y = 950;  // down to 1050
  EXPECT_FALSE(frame(zone, 0, {cut}).empty());
}

TEST_F(ZoneWatchTest, EverybodyLeavesAZoneThatIsNoMore) {
  ZoneSpec spec = left_half();
  spec.debounce_seconds = 0;
  ZoneWatch zone{spec, kLabels};
  frame(zone, 0, {someone(100, 1), someone(200, 2), someone(900, 3)});
  EventList list{{.at_ns = 400 * kZoneMs, .width = 1000, .height = 1000}};
  zone.close(list);
  const Events left = events_of(list);
  ASSERT_EQ(kinds_of(left),
            (Kinds{EventKind::ZoneLeave, EventKind::ZoneLeave, EventKind::ZoneCount}));
  EXPECT_EQ(left[0].reason, EventReason::ZoneChanged);
  EXPECT_EQ(left[0].dwell_ms, 400U);
  EXPECT_EQ(left[2].count, 0U);
}

TEST_F(ZoneWatchTest, OnlyTheKindsThatItCallsCriticalAreSo) {
  ZoneSpec spec = left_half();
  spec.debounce_seconds = 0;
  spec.critical.set(static_cast<std::size_t>(EventKind::ZoneEnter));
  ZoneWatch zone{spec, kLabels};
  EventList list{{.width = 1000, .height = 1000}};
  zone.observe(someone(300), list);
  zone.finish(list);
  const auto entries = list.take();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_TRUE(entries[0].is_critical);
  EXPECT_FALSE(entries[1].is_critical);
}

class LineTest : public ZoneWatchTest {
 protected:
  LineTest() {
    ZoneSpec spec;
    spec.name = "gate";
    spec.is_line = true;
    spec.points = {{0.5F, 0.9F}, {0.5F, 0.1F}};  // upwards: forward is to the right
    zone_.emplace(spec, kLabels);
  }

  /// Directions of all crossings while somebody is at these places, 200 ms apart.
  std::vector<Direction> walk(const std::vector<float>& places) {
    std::vector<Direction> crossed;
    for (const float x : places) {
      for (const ipc::Event& event : frame(*zone_, now_ms_ += 200, {someone(x)})) {
        EXPECT_EQ(event.kind, EventKind::LineCross);
        EXPECT_EQ(event.zone, "gate");
        crossed.push_back(event.direction);
      }
    }
    return crossed;
  }

  std::optional<ZoneWatch> zone_;
  std::int64_t now_ms_ = 0;
};

using Directions = std::vector<Direction>;

TEST_F(LineTest, WhoWalksOverItCrossesOnceInTheDirectionOfTheWalk) {
  EXPECT_EQ(walk({100, 300, 480, 520, 700, 900, 900}), (Directions{Direction::Forward}));
  EXPECT_EQ(walk({700, 400, 300, 200, 100}), (Directions{Direction::Backward}));
}

TEST_F(LineTest, WhoJittersOnItOrTurnsBackAtOnceDoesNotCross) {
  EXPECT_TRUE(walk({400, 510, 490, 515, 485, 520, 480, 300, 200}).empty());
}

TEST_F(LineTest, APlaceOnTheLineIsOnTheSideItCameFrom) {
  EXPECT_TRUE(walk({400, 500, 500, 500, 500, 500, 400, 400}).empty());
  EXPECT_EQ(walk({500, 500, 600, 600, 600, 600}), (Directions{Direction::Forward}));
}

TEST_F(LineTest, WhoBeginsOnTheLineHasNotCrossedItYet) {
  EXPECT_TRUE(walk({500, 600, 600, 600, 600}).empty());
}

TEST_F(LineTest, WhoGoesAroundItsEndDoesNotCrossAndCrossesOnTheWayBackOverIt) {
  const auto at = [&](float x, float foot) {
    Object walker = someone(x);
    walker.box.y = foot - walker.box.h;
    return frame(*zone_, now_ms_ += 200, {walker});
  };
  for (const auto& [x, foot] : {std::pair{400.F, 500.F},
                                {400.F, 980.F},
                                {600.F, 980.F},
                                {600.F, 980.F},
                                {600.F, 500.F},
                                {600.F, 500.F}}) {
    EXPECT_TRUE(at(x, foot).empty()) << x << ',' << foot;
  }
  EXPECT_EQ(walk({400, 400, 400}), (Directions{Direction::Backward}));
}

TEST_F(LineTest, AWayWithAHoleInItIsTakenToBeStraight) {
  frame(*zone_, 0, {someone(100)});
  EXPECT_TRUE(frame(*zone_, 1500, {someone(900)}).empty());
  EXPECT_EQ(frame(*zone_, 1900, {someone(900)}).size(), 1U);
}

TEST_F(ZoneWatchTest, AllThatHappensInAZoneThatAsksForPicturesWantsOneButThatSomebodyHasLeft) {
  const auto wants = [](ZoneSpec spec) {
    ZoneWatch zone{std::move(spec), kLabels};
    std::map<EventKind, bool> wanted;
    const auto at = [&](std::int64_t at_ms, float x) {
      EventList list{{.at_ns = at_ms * kZoneMs, .width = 1000, .height = 1000}};
      zone.observe(someone(x), list);
      zone.finish(list);
      for (const auto& entry : list.take()) wanted[entry.event.kind] = entry.wants_snapshot;
    };
    at(0, 400);
    at(400, 400);
    at(1500, 400);
    at(2000, 700);
    at(2400, 700);
    return wanted;
  };
  ZoneSpec zone = left_half();
  zone.dwell_seconds = 1;
  EXPECT_EQ(wants(zone), (std::map<EventKind, bool>{{EventKind::ZoneEnter, false},
                                                    {EventKind::ZoneLeave, false},
                                                    {EventKind::ZoneDwell, false},
                                                    {EventKind::ZoneCount, false}}));
  zone.snapshot = true;
  EXPECT_EQ(wants(zone), (std::map<EventKind, bool>{{EventKind::ZoneEnter, true},
                                                    {EventKind::ZoneLeave, false},
                                                    {EventKind::ZoneDwell, true},
                                                    {EventKind::ZoneCount, true}}));
}

}  // namespace
}  // namespace bulkhead::worker
