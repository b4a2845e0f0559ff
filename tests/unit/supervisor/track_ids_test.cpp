#include "supervisor/session/track_ids.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace bulkhead::supervisor {
namespace {

constexpr std::int64_t kMs = 1'000'000;

using Ids = std::vector<std::uint32_t>;

/// A thing that its worker has a track of, at a place of its own.
struct Seen {
  std::uint32_t own = 0;
  float x = 0;
};

Detection picture(std::int64_t at_ms, const std::vector<Seen>& things) {
  Detection detection{.arrival_ns = at_ms * kMs, .objects = {}};
  for (const Seen& thing : things) {
    detection.objects.push_back({.box = {thing.x, 0, 40, 100}, .track_id = thing.own});
  }
  return detection;
}

class TrackIdsTest : public testing::Test {
 protected:
  Ids told(Generation generation, std::int64_t at_ms, const std::vector<Seen>& things) {
    Detection detection = picture(at_ms, things);
    ids_.tell(generation, detection);
    Ids got;
    for (const Object& object : detection.objects) got.push_back(object.track_id);
    return got;
  }

  TrackIds ids_;
};

TEST_F(TrackIdsTest, TheFirstWorkersIdsAreTheSessionsAndWhatIsUntrackedStaysSo) {
  EXPECT_EQ(told(1, 0, {{1, 0}, {0, 100}, {2, 200}}), (Ids{1, 0, 2}));
}

TEST_F(TrackIdsTest, TheNextWorkerGivesNoIdThatHasBeenGiven) {
  told(1, 0, {{1, 0}, {7, 100}});
  EXPECT_EQ(told(2, 60'000, {{1, 0}, {2, 100}}), (Ids{8, 9}));
  EXPECT_EQ(told(5, 120'000, {{3, 0}}), (Ids{12}));
}

TEST_F(TrackIdsTest, AThingThatBothWorkersSeeKeepsItsId) {
  told(1, 1000, {{5, 0}, {6, 100}, {7, 200}});
  ids_.compare(2, picture(1000, {{2, 201}, {1, 2}, {0, 100}}));
  // One goes on under each number that its worker has for it; the second was not believed in yet,
  // and the fourth is new.
  EXPECT_EQ(told(2, 1100, {{1, 5}, {2, 205}, {3, 103}, {4, 400}}), (Ids{5, 7, 6, 11}));
  EXPECT_EQ(told(2, 9000, {{1, 300}, {2, 0}}), (Ids{5, 7})) << "for ever";
}

TEST_F(TrackIdsTest, WhoIsQuickIsKnownByThePictureThatBothWorkersSaw) {
  told(1, 1000, {{1, 0}});
  ids_.compare(2, picture(1000, {{1, 0}}));
  EXPECT_EQ(told(2, 1200, {{1, 100}}), (Ids{1}));
}

TEST_F(TrackIdsTest, AnotherLabelAtThatPlaceIsAnotherThing) {
  told(1, 1000, {{1, 0}});
  Detection other = picture(1100, {{1, 0}});
  other.objects[0].label_id = 2;
  ids_.tell(2, other);
  EXPECT_EQ(other.objects[0].track_id, 2U);
}

TEST_F(TrackIdsTest, WhatNobodyTrackedHasNoIdToHandOn) {
  told(1, 1000, {{3, 200}, {0, 0}});
  EXPECT_EQ(told(2, 1100, {{1, 0}, {0, 200}}), (Ids{4, 0}));
}

TEST_F(TrackIdsTest, OneIdIsHandedOnOnce) {
  told(1, 1000, {{1, 0}});
  ids_.compare(2, picture(1000, {{1, 4}, {2, 0}}));
  EXPECT_EQ(told(2, 1100, {{1, 4}, {2, 0}}), (Ids{2, 1})) << "to the one that overlaps more";
}

TEST_F(TrackIdsTest, AThingThatStaysWhereItIsKeepsItsIdOverTheDeathOfItsWorker) {
  told(1, 1000, {{1, 0}, {2, 100}});
  EXPECT_EQ(told(2, 1300, {{0, 10}, {0, 100}}), (Ids{0, 0}));
  EXPECT_EQ(told(2, 1500, {{1, 10}, {2, 160}}), (Ids{1, 4})) << "the other one has moved on";
}

TEST_F(TrackIdsTest, AfterASecondNothingIsTakenForWhatItWas) {
  told(1, 1000, {{1, 0}});
  EXPECT_EQ(told(2, 2000, {{1, 0}}), (Ids{2}));
}

TEST_F(TrackIdsTest, WhatWasToldUnderOneIdDoesNotGetAnotherLater) {
  told(1, 1000, {{1, 0}});
  EXPECT_EQ(told(2, 1100, {{1, 300}}), (Ids{2}));
  EXPECT_EQ(told(2, 1200, {{1, 0}}), (Ids{2})) << "though it comes to where the other one was";
}

TEST_F(TrackIdsTest, AComparisonWithAnotherWorkerCountsForNothing) {
  told(1, 1000, {{1, 0}});
  ids_.compare(2, picture(1000, {{1, 0}}));  // which was then given up
  EXPECT_EQ(told(3, 9000, {{1, 0}}), (Ids{2}));
}

TEST_F(TrackIdsTest, AnAbsurdIdIsUntrackedAndSpoilsNoOther) {
  constexpr std::uint32_t kMost = std::numeric_limits<std::uint32_t>::max();
  told(1, 0, {{10, 0}});
  EXPECT_EQ(told(2, 60'000, {{kMost, 0}, {kMost - 10, 100}, {1, 200}}), (Ids{0, kMost, 11}));
}

TEST_F(TrackIdsTest, GoesOnInTheNextProgram) {
  told(1, 1000, {{1, 0}, {2, 100}});
  ids_.compare(2, picture(1000, {{1, 100}}));
  told(2, 1100, {{1, 100}, {2, 400}});
  ids_ = TrackIds{ids_.carried()};
  EXPECT_EQ(told(2, 1200, {{1, 100}, {2, 400}, {3, 600}}), (Ids{2, 4, 5}));
  EXPECT_EQ(told(3, 60'000, {{1, 0}}), (Ids{6}));
}

TEST_F(TrackIdsTest, AnEventNamesItsTrackAsTheResultOfItsFrameDoes) {
  told(1, 1000, {{5, 0}});
  ids_.compare(2, picture(1000, {{2, 1}}));
  told(2, 1100, {{2, 5}, {3, 400}});
  EXPECT_EQ(ids_.tell(2, 2), 5U);
  EXPECT_EQ(ids_.tell(2, 3), 8U);
  EXPECT_EQ(ids_.tell(2, 0), 0U);
  EXPECT_TRUE(ids_.is_continued(2, 2)) << "it is not new";
  EXPECT_FALSE(ids_.is_continued(2, 3));
  EXPECT_EQ(ids_.tell(2, 9), 14U);
  EXPECT_EQ(told(3, 60'000, {{1, 0}}), (Ids{15})) << "an id of an event alone is given, too";
}

}  // namespace
}  // namespace bulkhead::supervisor
