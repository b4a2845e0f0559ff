#include "worker/zone/scene_stage.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace bulkhead::worker {
namespace {

constexpr std::int64_t kSceneMs = 1'000'000;
constexpr std::int64_t kFirstMs = 1'000'000;  // monotonic time is long past 0

ZoneSpec half(const std::string& name, float from, float to) {
  ZoneSpec zone;
  zone.name = name;
  zone.points = {{from, 0}, {to, 0}, {to, 1}, {from, 1}};
  zone.debounce_seconds = 0;
  return zone;
}

Object walker(float x) {
  return {.box = {x - 50, 400, 100, 200}, .confidence = 0.9F, .label_id = 0};
}

class SceneStageTest : public testing::Test {
 protected:
  using Told = std::vector<std::string>;  // "left zone.enter", "track.new"

  Told frame(std::int64_t at_ms, std::vector<Object> objects) {
    Frame frame;
    frame.id = ++frames_;
    frame.arrival_ns = (kFirstMs + at_ms) * kSceneMs;
    frame.width = 1000;
    frame.height = 1000;
    tracks_.track(frame, objects);
    const auto events = stage_.observe(frame, tracks_, objects);
    objects_ = std::move(objects);
    return told(events);
  }

  Told told(const std::vector<ClassedEvent>& events) {
    events_ = events;
    Told names;
    for (const ClassedEvent& event : events) {
      names.push_back((event.event.zone.empty() ? "" : event.event.zone + ' ') +
                      std::string{name_of(event.event.kind)});
    }
    return names;
  }

  /// Somebody at this place until he is believed; what the last frame told.
  Told confirm(float x) {
    frame(0, {walker(x)});
    frame(100, {walker(x)});
    return frame(200, {walker(x)});
  }

  TrackStage tracks_{{.min_confidence = 0.4F}};
  SceneStage stage_{{.zones = {half("left", 0, 0.5F), half("right", 0.5F, 1)}}, {"person"}};
  std::uint64_t frames_ = 0;
  std::vector<Object> objects_;
  std::vector<ClassedEvent> events_;
};

TEST_F(SceneStageTest, WhereAThingStandsIsMarkedBeforeAnythingIsKnownOfIt) {
  ZoneSpec line = half("line", 0, 1);
  line.is_line = true;
  line.points = {{0, 0}, {1, 1}};
  ZoneSpec cars = half("cars", 0, 1);
  cars.classes = {"car"};
  ZoneSpec sure = half("sure", 0, 1);
  sure.min_confidence = 0.95F;
  stage_.tune({.zones = {half("left", 0, 0.5F), line, cars, sure, half("all", 0, 1)}});
  Frame frame;
  frame.width = frame.height = 1000;
  std::vector<Object> objects{walker(200), walker(700)};
  objects[1].zones = 31;
  stage_.mark(frame, objects);
  EXPECT_EQ(objects[0].zones, 1U | 16U);
  EXPECT_EQ(objects[1].zones, 16U);
}

TEST_F(SceneStageTest, AThingIsNewAndComesToItsZoneOnceItIsBelieved) {
  ASSERT_EQ(confirm(200), (Told{"track.new", "left zone.enter", "left zone.count"}));
  EXPECT_EQ(objects_[0].zones, 1U);
  EXPECT_EQ(events_[0].event.frame_id, 3U);
  EXPECT_TRUE(frame(300, {walker(210)}).empty());
}

TEST_F(SceneStageTest, EachZoneHasItsBit) {
  confirm(460);
  std::vector<std::string> all;
  for (int i = 1; i <= 10; ++i) {
    const Told now = frame(200 + 100 * i, {walker(460 + 10.F * static_cast<float>(i))});
    all.insert(all.end(), now.begin(), now.end());
  }
  EXPECT_EQ(objects_[0].zones, 2U);
  EXPECT_EQ(all,
            (Told{"left zone.leave", "right zone.enter", "left zone.count", "right zone.count"}));
}

TEST_F(SceneStageTest, AnUntrackedObjectIsInNoZone) {
  frame(0, {walker(200)});
  EXPECT_EQ(objects_[0].zones, 0U);
}

TEST_F(SceneStageTest, WhoIsMissedForAWhileIsLostAndWhoIsFoundAgainGoesOn) {
  confirm(200);
  EXPECT_TRUE(frame(600, {}).empty());
  ASSERT_EQ(frame(700, {}), (Told{"track.lost"}));
  EXPECT_TRUE(frame(900, {}).empty()) << "once";
  ASSERT_EQ(frame(1000, {walker(200)}), (Told{"track.update"}));
  EXPECT_TRUE(frame(1100, {walker(200)}).empty());
}

TEST_F(SceneStageTest, WhoIsMissedTooLongEndsAndLeaves) {
  confirm(200);
  frame(1500, {});
  ASSERT_EQ(frame(2300, {}), (Told{"left zone.leave", "track.end", "left zone.count"}));
  EXPECT_EQ(events_[0].event.reason, EventReason::TrackEnded);
  EXPECT_EQ(events_[1].event.dwell_ms, 200U) << "how long it was seen";
}

TEST_F(SceneStageTest, WhileNoPictureComesTracksEndAsIfTheyWereMissed) {
  confirm(200);
  EXPECT_TRUE(told(stage_.wait((kFirstMs + 2200) * kSceneMs, tracks_)).empty());
  ASSERT_EQ(told(stage_.wait((kFirstMs + 2201) * kSceneMs, tracks_)),
            (Told{"left zone.leave", "track.end", "left zone.count"}));
  EXPECT_EQ(events_[0].event.frame_id, 3U) << "of the latest frame";
  EXPECT_TRUE(told(stage_.wait((kFirstMs + 9000) * kSceneMs, tracks_)).empty()) << "once";
  EXPECT_TRUE(frame(60'000, {walker(200)}).empty()) << "and the next is another one";
}

TEST_F(SceneStageTest, EachEventOfATrackTellsWhatIsKnownOfItAndACountNothing) {
  const auto known_as = [](const std::string& coat) {
    Object known = walker(200);
    known.attributes = {{.stage = 0, .text = coat, .confidence = 0.8F, .box = Box{}}};
    return known;
  };
  std::vector<std::string> all;
  const auto note = [&] {
    for (const ClassedEvent& classed : events_) {
      const auto& attributes = classed.event.object.attributes;
      all.push_back(std::string{name_of(classed.event.kind)} + ' ' +
                    (attributes.empty() ? "-" : attributes.front().text));
    }
  };
  ZoneSpec left = half("left", 0, 0.5F);
  left.dwell_seconds = 1;
  ZoneSpec line = half("line", 0, 1);
  line.is_line = true;
  line.points = {{0.22F, 0}, {0.22F, 1}};
  stage_.tune({.zones = {left, line}, .track_updates = true});
  confirm(200);  // nothing is known of it yet
  note();
  frame(700, {known_as("blue")});
  frame(1200, {known_as("red")});
  note();
  Object gone = known_as("red");
  gone.box.x += 40;
  frame(1300, {gone});
  note();
  frame(2400, {});
  note();
  frame(3400, {});
  note();
  EXPECT_EQ(all, (Told{"track.new -", "zone.enter -", "zone.count -", "track.update red",
                       "zone.dwell red", "line.cross red", "track.lost red", "zone.leave red",
                       "track.end red", "zone.count -"}));
}

TEST_F(SceneStageTest, UpdatesComeOnceASecondAndOnlyWhereTheyAreWanted) {
  confirm(200);
  for (int i = 3; i <= 30; ++i) EXPECT_TRUE(frame(100 * i, {walker(200)}).empty());
  stage_.tune({.zones = {}, .track_updates = true});
  frame(3100, {walker(200)});
  int updates = 0;
  for (int i = 32; i <= 61; ++i) updates += frame(100 * i, {walker(200)}).empty() ? 0 : 1;
  EXPECT_EQ(updates, 3);
}

TEST_F(SceneStageTest, WhoIsInAZoneThatDoesNotChangeStaysInItWhereverItStandsInTheList) {
  confirm(200);
  ZoneSpec left = half("left", 0, 0.5F);
  left.dwell_seconds = 1;
  stage_.tune({.zones = {half("other", 0.6F, 0.9F), left}});
  EXPECT_TRUE(frame(300, {walker(200)}).empty());
  EXPECT_EQ(objects_[0].zones, 2U);
  ASSERT_EQ(frame(1300, {walker(200)}), (Told{"left zone.dwell"})) << "its other times count";
}

TEST_F(SceneStageTest, AZoneThatAsksForPicturesFromNowOnKeepsWhoIsInAndHandsItsWishOn) {
  confirm(200);
  ZoneSpec left = half("left", 0, 0.5F);
  left.snapshot = true;
  left.dwell_seconds = 1;
  stage_.tune({.zones = {left}});
  frame(300, {walker(200)});
  ASSERT_EQ(frame(1300, {walker(200)}), (Told{"left zone.dwell"}));
  EXPECT_TRUE(events_[0].wants_snapshot);
  EXPECT_FALSE(events_[0].event.has_snapshot) << "nobody has taken one yet";
}

TEST_F(SceneStageTest, EverybodyLeavesAZoneThatChangesAndComesToTheNew) {
  confirm(200);
  stage_.tune({.zones = {half("left", 0, 0.4F)}});
  ASSERT_EQ(frame(300, {walker(200)}),
            (Told{"left zone.leave", "left zone.count", "left zone.enter", "left zone.count"}));
  EXPECT_EQ(events_[0].event.reason, EventReason::ZoneChanged);
}

TEST_F(SceneStageTest, SwitchedOffTrackingEndsAllAndTheyLeave) {
  confirm(200);
  tracks_.tune({.on = false, .min_confidence = 0.4F});
  ASSERT_EQ(frame(300, {walker(200)}), (Told{"left zone.leave", "track.end", "left zone.count"}));
}

TEST_F(SceneStageTest, APictureOfAnotherSizeEndsAllTracks) {
  confirm(200);
  Frame other;
  other.arrival_ns = (kFirstMs + 300) * kSceneMs;
  other.width = other.height = 500;
  std::vector<Object> objects{walker(200)};
  tracks_.track(other, objects);
  ASSERT_EQ(told(stage_.observe(other, tracks_, objects)),
            (Told{"left zone.leave", "track.end", "left zone.count"}));
}

TEST_F(SceneStageTest, WhatIsCriticalIsSoUpToItsRateAndImportantBeyond) {
  ZoneSpec zone = half("left", 0, 0.5F);
  zone.critical.set(static_cast<std::size_t>(EventKind::ZoneEnter));
  stage_.tune({.zones = {zone}});
  std::vector<Object> crowd;
  for (int i = 0; i < 80; ++i) {
    Object one = walker(0);
    one.box = {static_cast<float>(i % 20) * 20, static_cast<float>(i / 20) * 200, 15, 150};
    crowd.push_back(one);
  }
  frame(0, crowd);
  frame(100, crowd);
  frame(200, crowd);
  const auto criticals =
      std::ranges::count(events_, ipc::PriorityClass::Critical, &ClassedEvent::priority);
  const auto entered = std::ranges::count_if(events_, [](const ClassedEvent& classed) {
    return classed.event.kind == EventKind::ZoneEnter;
  });
  EXPECT_EQ(entered, 80);
  EXPECT_EQ(criticals, 60) << "six seconds' worth";
}

}  // namespace
}  // namespace bulkhead::worker
