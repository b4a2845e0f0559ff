#include "worker/track/tracker.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kFrame = 100 * kMs;  // ten frames a second
constexpr float kSure = 0.5F;
constexpr std::uint16_t kPerson = 0;
constexpr std::uint16_t kCar = 2;

Object person(float x, float y, float confidence = 0.9F) {
  return {.box = {x, y, 40, 100}, .confidence = confidence, .label_id = kPerson};
}

class TrackerTest : public testing::Test {
 protected:
  /// The ids that the objects of one more frame get.
  std::vector<std::uint32_t> see(std::vector<Object> objects, std::int64_t after = kFrame) {
    now_ns_ += after;
    tracker_.update(now_ns_, kSure, objects);
    std::vector<std::uint32_t> ids;
    for (const Object& object : objects) ids.push_back(object.track_id);
    return ids;
  }

  /// Often enough to be believed; standing still.
  std::uint32_t confirmed(const Object& object) {
    for (std::uint32_t i = 1; i < limits::kTrackConfirmingHits; ++i) see({object});
    return see({object}).front();
  }

  Tracker tracker_;
  std::int64_t now_ns_ = 0;
};

using Ids = std::vector<std::uint32_t>;

TEST_F(TrackerTest, AThingIsBelievedOnceItWasSeenInThreeFramesAndKeepsItsId) {
  static_assert(limits::kTrackConfirmingHits == 3);
  EXPECT_EQ(see({person(0, 0)}), Ids{0});
  EXPECT_EQ(tracker_.tracks()[0].state, TrackState::New);
  EXPECT_EQ(see({person(5, 0)}), Ids{0});
  EXPECT_EQ(see({person(10, 0)}), Ids{1});
  EXPECT_EQ(tracker_.tracks()[0].state, TrackState::Tracked);
  for (float x = 15; x < 300; x += 5) ASSERT_EQ(see({person(x, 0)}), Ids{1}) << x;
  EXPECT_EQ(tracker_.tracks().size(), 1U);
  EXPECT_EQ(tracker_.tracks()[0].begun_ns, kFrame);
}

TEST_F(TrackerTest, WhatIsMissedBeforeItIsBelievedIsForgottenWithoutAWord) {
  see({person(0, 0)});
  see({person(0, 0)});
  see({});
  EXPECT_TRUE(tracker_.tracks().empty());
  EXPECT_TRUE(tracker_.ended().empty());
  EXPECT_EQ(confirmed(person(0, 0)), 1U) << "no id was spent on it";
}

TEST_F(TrackerTest, ADipOfItsScoreDoesNotCostAThingItsId) {
  confirmed(person(0, 0));
  for (int i = 0; i < 30; ++i) ASSERT_EQ(see({person(0, 0, 0.15F)}), Ids{1});
  EXPECT_EQ(tracker_.tracks()[0].state, TrackState::Tracked);
  EXPECT_EQ(see({person(0, 0)}), Ids{1});
}

TEST_F(TrackerTest, WhatTheDetectorIsUnsureOfBeginsNoTrack) {
  for (int i = 0; i < 10; ++i) ASSERT_EQ(see({person(0, 0, 0.49F)}), Ids{0});
  EXPECT_TRUE(tracker_.tracks().empty());
}

TEST_F(TrackerTest, WhatIsLostIsFoundAgainOnlyByWhatTheDetectorIsSureOf) {
  confirmed(person(0, 0));
  see({});
  EXPECT_EQ(see({person(0, 0, 0.3F)}), Ids{0});
  EXPECT_EQ(see({person(0, 0)}), Ids{1});
}

TEST_F(TrackerTest, AmongSureAndUnsureAtOnePlaceTheSureOneIsTaken) {
  confirmed(person(0, 0));
  // The unsure one is where the track is expected, the sure one beside it.
  EXPECT_EQ(see({person(10, 0, 0.9F), person(0, 0, 0.4F)}), (Ids{1, 0}));
}

TEST_F(TrackerTest, TwoWhoCrossKeepTheirIds) {
  // At 100 pixels a second each, from both sides, one a little nearer to the camera.
  const auto at = [&](int step) {
    const auto way = static_cast<float>(10 * step);
    return see({person(way, 0), person(300 - way, 30)});
  };
  at(0);
  at(1);
  ASSERT_EQ(at(2), (Ids{1, 2}));
  for (int step = 3; step <= 30; ++step) ASSERT_EQ(at(step), (Ids{1, 2})) << step;
}

TEST_F(TrackerTest, TwoWhoCrossWhileOneHidesTheOtherKeepTheirIds) {
  std::vector<Ids> seen;
  for (int step = 0; step <= 30; ++step) {
    const auto way = static_cast<float>(10 * step);
    std::vector<Object> objects{person(way, 0)};
    const bool hidden = step >= 12 && step <= 18;
    if (!hidden) objects.push_back(person(300 - way, 0));
    seen.push_back(see(objects));
  }
  EXPECT_EQ(seen[11], (Ids{1, 2}));
  EXPECT_EQ(seen[15], (Ids{1}));
  EXPECT_EQ(seen[19], (Ids{1, 2}));
  EXPECT_EQ(seen[30], (Ids{1, 2}));
}

TEST_F(TrackerTest, AHiddenThingIsWaitedForWhereItMustBe) {
  float x = 0;
  for (int i = 0; i < 10; ++i, x += 8) see({person(x, 0)});
  for (int i = 0; i < 15; ++i, x += 8) {
    see({});
    ASSERT_EQ(tracker_.tracks()[0].state, TrackState::Lost);
  }
  EXPECT_EQ(see({person(x, 0)}), Ids{1}) << "120 pixels farther, three times its width";
  EXPECT_TRUE(tracker_.ended().empty());
}

TEST_F(TrackerTest, AThingIsWaitedForAsLongAsIsSaidAndNoLonger) {
  confirmed(person(0, 0));
  const auto step = std::chrono::nanoseconds{limits::kTrackLostTime}.count() / 4;
  for (int i = 0; i < 4; ++i) see({}, step);
  ASSERT_EQ(tracker_.tracks().size(), 1U) << "at the limit";
  EXPECT_EQ(tracker_.tracks()[0].state, TrackState::Lost);
  see({}, 1);
  EXPECT_TRUE(tracker_.tracks().empty()) << "past it";
  ASSERT_EQ(tracker_.ended().size(), 1U);
  EXPECT_EQ(tracker_.ended()[0].id, 1U);
  EXPECT_EQ(tracker_.ended()[0].state, TrackState::Ended);
  see({});
  EXPECT_TRUE(tracker_.ended().empty()) << "told once";
}

TEST_F(TrackerTest, DroppedFramesCostNoIdWhateverTheirNumber) {
  float x = 0;
  for (int i = 0; i < 10; ++i, x += 8) see({person(x, 0)});
  // Eleven frames are left out: 96 pixels, more than twice its width.
  EXPECT_EQ(see({person(x + 88, 0)}, 12 * kFrame), Ids{1});
}

TEST_F(TrackerTest, AfterALongGapNothingIsTakenForWhatItWas) {
  confirmed(person(0, 0));
  EXPECT_EQ(see({person(0, 0)}, 60'000 * kMs), Ids{0});
  ASSERT_EQ(tracker_.ended().size(), 1U);
  EXPECT_EQ(tracker_.ended()[0].id, 1U);
  see({person(0, 0)});
  EXPECT_EQ(see({person(0, 0)}), Ids{2});
}

TEST_F(TrackerTest, AnotherLabelIsAnotherThing) {
  confirmed(person(0, 0));
  Object car = person(0, 0);
  car.label_id = kCar;
  EXPECT_EQ(see({car}), Ids{0});
  EXPECT_EQ(see({person(0, 0), car}), (Ids{1, 0}));
  EXPECT_EQ(see({person(0, 0), car}), (Ids{1, 2}));
}

TEST_F(TrackerTest, NoIdIsEverGivenTwice) {
  std::set<std::uint32_t> ids;
  for (int life = 0; life < 50; ++life) {
    EXPECT_TRUE(ids.insert(confirmed(person(0, 0))).second) << life;
    if (life % 2 == 0) {
      tracker_.forget();
      ASSERT_EQ(tracker_.ended().size(), 1U);
    } else {
      see({}, 10'000 * kMs);
    }
  }
  EXPECT_EQ(ids.size(), 50U);
}

class FullTrackerTest : public TrackerTest {
 protected:
  FullTrackerTest() { tracker_ = Tracker{{.tracks = 2, .confirming_hits = 2}}; }
};

TEST_F(FullTrackerTest, AtTheLimitAllAreTrackedAndPastItTheLastStaysUntrackedUntilThereIsRoom) {
  const std::vector two{person(0, 0), person(200, 0)};
  see(two);
  EXPECT_EQ(see(two), (Ids{1, 2}));
  const std::vector three{person(0, 0), person(200, 0), person(400, 0)};
  for (int i = 0; i < 5; ++i) EXPECT_EQ(see(three), (Ids{1, 2, 0}));
  EXPECT_EQ(tracker_.tracks().size(), 2U);
  see({person(0, 0), person(400, 0)});  // the second is lost and gives way
  EXPECT_EQ(see({person(0, 0), person(400, 0)}), (Ids{1, 3}));
  EXPECT_EQ(tracker_.tracks().size(), 2U);
}

TEST_F(FullTrackerTest, WhatHasBeenLostForLongestGivesWayFirst) {
  see({person(0, 0), person(200, 0)});
  see({person(0, 0), person(200, 0)});
  see({person(200, 0)});  // the first is lost
  see({});                // and then the second
  see({person(600, 0)});
  ASSERT_EQ(tracker_.ended().size(), 1U);
  EXPECT_EQ(tracker_.ended()[0].id, 1U);
  EXPECT_EQ(see({person(200, 0), person(600, 0)}), (Ids{2, 3}));
}

TEST_F(TrackerTest, ACrowdAtTheLimitOfObjectsIsTrackedWhole) {
  std::vector<Object> crowd;
  for (std::size_t i = 0; i < limits::kObjectsPerFrame; ++i) {
    crowd.push_back(person(static_cast<float>(i % 30) * 30, static_cast<float>(i / 30) * 80));
  }
  see(crowd);
  see(crowd);
  const Ids first = see(crowd);
  EXPECT_EQ(std::set<std::uint32_t>(first.begin(), first.end()).size(), crowd.size());
  for (Object& one : crowd) one.box.x += 4;
  EXPECT_EQ(see(crowd), first);
}

}  // namespace
}  // namespace bulkhead::worker
