#include "worker/cascade/attribute_votes.hpp"

#include <gtest/gtest.h>

#include "common/clock.hpp"
#include "common/limits.hpp"

namespace bulkhead::worker {
namespace {

constexpr std::uint32_t kTrack = 7;

AttributeVotes votes_of(std::uint32_t votes, std::uint32_t every_n = 1) {
  return AttributeVotes{{VoteRule{.votes = votes, .every_n = every_n}}};
}

TEST(AttributeVotesTest, TheLabelWithMostPointsStandsForTheTrack) {
  AttributeVotes votes = votes_of(5);
  votes.see(kTrack, 1);
  for (int i = 0; i < 4; ++i) votes.add(kTrack, 0, Finding{"van", 0.8F});
  votes.add(kTrack, 0, Finding{"bus", 0.9F});
  const auto result = votes.result(kTrack, 0);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->text, "van");
  EXPECT_FLOAT_EQ(result->confidence, 4 * 0.8F / 5);
}

TEST(AttributeVotesTest, ACertainFindingOutweighsTwoThatGuess) {
  AttributeVotes votes = votes_of(5);
  votes.see(kTrack, 1);
  votes.add(kTrack, 0, Finding{"8", 0.4F});
  votes.add(kTrack, 0, Finding{"8", 0.4F});
  votes.add(kTrack, 0, Finding{"B", 0.95F});
  EXPECT_EQ(votes.result(kTrack, 0)->text, "B");
}

TEST(AttributeVotesTest, ATrackIsWantedUntilItsVotesAreIn) {
  AttributeVotes votes = votes_of(2);
  votes.see(kTrack, 1);
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(votes.wants(kTrack, 0));
    votes.add(kTrack, 0, Finding{"van", 1});
    votes.see(kTrack, 2 + i);
  }
  EXPECT_FALSE(votes.wants(kTrack, 0));
}

TEST(AttributeVotesTest, WhoIsLookedAtInVainIsGivenUp) {
  AttributeVotes votes = votes_of(2);
  for (std::uint32_t i = 0; i < 2 * limits::kLooksPerVote; ++i) {
    votes.see(kTrack, i);
    EXPECT_TRUE(votes.wants(kTrack, 0)) << i;
    votes.add(kTrack, 0, std::nullopt);
  }
  votes.see(kTrack, 100);
  EXPECT_FALSE(votes.wants(kTrack, 0));
  EXPECT_FALSE(votes.result(kTrack, 0));
}

TEST(AttributeVotesTest, BetweenTwoLooksLieAsManyFramesAsAreAskedFor) {
  AttributeVotes votes = votes_of(5, 3);
  votes.see(kTrack, 1);
  votes.add(kTrack, 0, Finding{"van", 1});
  votes.see(kTrack, 2);
  EXPECT_FALSE(votes.wants(kTrack, 0));
  votes.see(kTrack, 3);
  EXPECT_FALSE(votes.wants(kTrack, 0));
  votes.see(kTrack, 4);
  EXPECT_TRUE(votes.wants(kTrack, 0));
}

TEST(AttributeVotesTest, WhatWasFoundStaysWhileATrackIsHiddenAndNotMuchLonger) {
  constexpr std::int64_t kLost = std::chrono::nanoseconds{limits::kTrackLostTime}.count();
  AttributeVotes votes = votes_of(5);
  votes.see(kTrack, 1);
  votes.add(kTrack, 0, Finding{"van", 1});
  votes.forget_unseen(1 + 2 * kLost);
  EXPECT_TRUE(votes.result(kTrack, 0));
  votes.forget_unseen(2 + 2 * kLost);
  EXPECT_FALSE(votes.result(kTrack, 0));
}

TEST(AttributeVotesTest, PastTheLimitTheTrackSeenLongestAgoGivesWay) {
  AttributeVotes votes = votes_of(5);
  for (std::uint32_t track = 1; track <= limits::kTracks; ++track) {
    votes.see(track, track);
    votes.add(track, 0, Finding{"van", 1});
  }
  EXPECT_TRUE(votes.result(1, 0));
  votes.see(1, limits::kTracks + 1);
  votes.see(9999, limits::kTracks + 2);
  EXPECT_TRUE(votes.result(1, 0)) << "seen since";
  EXPECT_FALSE(votes.result(2, 0));
  EXPECT_TRUE(votes.result(3, 0));
}

TEST(AttributeVotesTest, ATrackThatWasNeverSeenIsNotWanted) {
  AttributeVotes votes = votes_of(5);
  EXPECT_FALSE(votes.wants(kTrack, 0));
  votes.add(kTrack, 0, Finding{"van", 1});
  EXPECT_FALSE(votes.result(kTrack, 0));
}

}  // namespace
}  // namespace bulkhead::worker
