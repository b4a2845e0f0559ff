#include "supervisor/hub/result_history.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "tests/support/result_events.hpp"

namespace bulkhead::supervisor {
namespace {

constexpr std::size_t kAll = 1000;

class ResultHistoryTest : public ::testing::Test {
 protected:
  void add(Generation generation, Sequence sequence, std::int64_t at_ns = 0) {
    sample_.generation = generation;
    sample_.sequence = sequence;
    history_.add(sample_.event(), at_ns);
  }

  [[nodiscard]] std::vector<ResultPosition> since(ResultPosition position,
                                                  std::size_t most = kAll) {
    std::vector<ResultPosition> positions;
    for (const auto* kept : history_.since(sample_.session, position, most).results) {
      positions.push_back(kept->position);
    }
    return positions;
  }

  [[nodiscard]] std::optional<ResultHistory::Missing> missing(ResultPosition position,
                                                              std::size_t most = kAll) {
    return history_.since(sample_.session, position, most).missing;
  }

  testing::SampleResult sample_;
  ResultHistory history_{{.results = 4, .bytes = 1 << 20, .age_ns = 1000}};
};

using Positions = std::vector<ResultPosition>;

TEST_F(ResultHistoryTest, GivesWhatCameAfterAPositionInOrder) {
  for (const Sequence sequence : {2U, 3U, 5U}) add(1, sequence);
  EXPECT_EQ(since({1, 2}), (Positions{{1, 3}, {1, 5}}));
  EXPECT_EQ(since({1, 4}), (Positions{{1, 5}}));
  EXPECT_EQ(since({1, 5}), Positions{});
  EXPECT_FALSE(missing({1, 2}));
}

TEST_F(ResultHistoryTest, GoesOnAcrossGenerations) {
  add(1, 8);
  add(2, 1);
  EXPECT_EQ(since({1, 8}), (Positions{{2, 1}}));
}

TEST_F(ResultHistoryTest, TellsWhatHasLeftAtTheLimitOfCount) {
  for (Sequence sequence = 1; sequence <= 4; ++sequence) add(1, sequence);
  EXPECT_FALSE(missing({1, 0}));
  for (Sequence sequence = 5; sequence <= 6; ++sequence) add(1, sequence);
  EXPECT_EQ(since({1, 0}), (Positions{{1, 3}, {1, 4}, {1, 5}, {1, 6}}));
  const auto gap = missing({1, 0});
  ASSERT_TRUE(gap);
  EXPECT_EQ(gap->from, 1U);
  EXPECT_EQ(gap->to, 2U);
  EXPECT_FALSE(missing({1, 2})) << "this client has them";
}

TEST_F(ResultHistoryTest, WhatIsTooOldLeavesAsWell) {
  add(1, 1, 0);
  add(1, 2, 1000);
  EXPECT_EQ(since({1, 0}).size(), 2U);
  add(1, 3, 1001);
  EXPECT_EQ(since({1, 0}), (Positions{{1, 2}, {1, 3}}));
}

TEST_F(ResultHistoryTest, WhatIsTooLargeLeavesAsWell) {
  ResultHistory small{{.results = 100, .bytes = 2 * sizeof(ResultHistory::Kept), .age_ns = 1000}};
  for (Sequence sequence = 1; sequence <= 3; ++sequence) {
    sample_.sequence = sequence;
    small.add(sample_.event(), 0);
  }
  EXPECT_EQ(small.since(sample_.session, {}, kAll).results.size(), 2U);
}

TEST_F(ResultHistoryTest, GivesTheNewestOfMoreThanMayBeGivenAndTellsTheRest) {
  for (Sequence sequence = 1; sequence <= 4; ++sequence) add(1, sequence);
  EXPECT_EQ(since({1, 1}, 1), (Positions{{1, 4}}));
  const auto gap = missing({1, 1}, 1);
  ASSERT_TRUE(gap);
  EXPECT_EQ(gap->from, 2U);
  EXPECT_EQ(gap->to, 3U);
}

TEST_F(ResultHistoryTest, APositionNobodyHasReachedIsOneOfAnotherLife) {
  add(1, 1);
  EXPECT_EQ(since({7, 100}), (Positions{{1, 1}}));
}

TEST_F(ResultHistoryTest, ASessionThatIsForgottenHasNone) {
  add(1, 1);
  history_.forget(sample_.session);
  EXPECT_EQ(since({}), Positions{});
}

TEST_F(ResultHistoryTest, IsTheSameInTheNextProgram) {
  for (Sequence sequence = 1; sequence <= 6; ++sequence) add(sequence < 5 ? 1 : 2, sequence);
  ResultHistory next{{.results = 4, .bytes = 1 << 20, .age_ns = 1000}};
  ASSERT_TRUE(next.resume(history_.carried({sample_.session})));
  const auto here = history_.since(sample_.session, {1, 1}, kAll);
  const auto there = next.since(sample_.session, {1, 1}, kAll);
  ASSERT_EQ(there.results.size(), 4U);
  EXPECT_EQ(there.missing->to, here.missing->to);
  for (std::size_t i = 0; i < here.results.size(); ++i) {
    EXPECT_EQ(there.results[i]->position, here.results[i]->position);
    EXPECT_EQ(there.results[i]->priority, here.results[i]->priority);
    EXPECT_EQ(there.results[i]->publish_ns, here.results[i]->publish_ns);
    EXPECT_EQ(there.results[i]->detection.objects.size(),
              here.results[i]->detection.objects.size());
    EXPECT_EQ(there.results[i]->model->labels, here.results[i]->model->labels);
  }
  EXPECT_EQ(there.results[0]->model, there.results[1]->model) << "one card for a generation";
  sample_.generation = 2;
  sample_.sequence = 7;
  next.add(sample_.event(), 0);
  EXPECT_EQ(next.since(sample_.session, {1, 0}, kAll).results.size(), 4U) << "and its limits hold";
}

TEST_F(ResultHistoryTest, KeepsNothingOfWhatItCannotRead) {
  add(1, 1);
  EXPECT_TRUE(history_.carried({}).empty());
  auto carried = history_.carried({sample_.session});
  carried[0]["results"][0]["model"] = 7;
  ResultHistory next;
  const auto resumed = next.resume(carried);
  ASSERT_FALSE(resumed);
  EXPECT_EQ(resumed.error().code, ErrorCode::Corrupt);
  EXPECT_TRUE(next.since(sample_.session, {1, 0}, kAll).results.empty());
}

}  // namespace
}  // namespace bulkhead::supervisor
