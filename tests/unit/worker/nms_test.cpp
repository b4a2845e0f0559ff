#include "worker/detect/nms.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace bulkhead::worker {
namespace {

constexpr std::size_t kAll = 1000;

Candidate box(float left, float confidence, std::uint16_t label_id = 0) {
  return {left, 0, left + 10, 10, confidence, label_id};
}

std::vector<float> confidences(const std::vector<Candidate>& candidates) {
  std::vector<float> result;
  for (const Candidate& candidate : candidates) result.push_back(candidate.confidence);
  return result;
}

TEST(NmsTest, OverlapIsSharedAreaOverCoveredArea) {
  EXPECT_FLOAT_EQ(intersection_over_union(box(0, 1), box(0, 1)), 1);
  EXPECT_FLOAT_EQ(intersection_over_union(box(0, 1), box(5, 1)), 50.0F / 150.0F);
  EXPECT_FLOAT_EQ(intersection_over_union(box(0, 1), box(10, 1)), 0);
  EXPECT_FLOAT_EQ(intersection_over_union({}, {}), 0);
}

TEST(NmsTest, OfOverlappingBoxesOfOneLabelTheMostConfidentStays) {
  std::vector<Candidate> boxes{box(1, 0.5F), box(0, 0.9F), box(2, 0.7F), box(50, 0.3F)};
  suppress_overlaps(boxes, 0.5F, kAll, kAll);
  EXPECT_EQ(confidences(boxes), (std::vector<float>{0.9F, 0.3F}));
}

TEST(NmsTest, BoxesOfDifferentLabelsDoNotSuppressEachOther) {
  std::vector<Candidate> boxes{box(0, 0.9F, 1), box(0, 0.8F, 2)};
  suppress_overlaps(boxes, 0.5F, kAll, kAll);
  EXPECT_EQ(boxes.size(), 2U);
}

TEST(NmsTest, AnOverlapOfExactlyTheLimitStays) {
  std::vector<Candidate> boxes{box(0, 0.9F), box(5, 0.8F)};
  const float overlap = intersection_over_union(boxes[0], boxes[1]);
  suppress_overlaps(boxes, overlap, kAll, kAll);
  EXPECT_EQ(boxes.size(), 2U);
  suppress_overlaps(boxes, overlap * 0.999F, kAll, kAll);
  EXPECT_EQ(boxes.size(), 1U);
}

TEST(NmsTest, ASuppressedBoxSuppressesNothing) {
  std::vector<Candidate> boxes{box(0, 0.9F), box(4, 0.8F), box(8, 0.7F)};
  suppress_overlaps(boxes, 0.3F, kAll, kAll);
  EXPECT_EQ(confidences(boxes), (std::vector<float>{0.9F, 0.7F}));
}

TEST(NmsTest, TheLimitsKeepTheMostConfident) {
  std::vector<Candidate> boxes;
  for (int i = 0; i < 100; ++i) {
    boxes.push_back(box(20.0F * static_cast<float>(i), static_cast<float>((i * 37) % 100) / 100));
  }
  auto few_objects = boxes;
  suppress_overlaps(few_objects, 0.5F, kAll, 3);
  EXPECT_EQ(confidences(few_objects), (std::vector<float>{0.99F, 0.98F, 0.97F}));
  suppress_overlaps(boxes, 0.5F, 2, kAll);
  EXPECT_EQ(confidences(boxes), (std::vector<float>{0.99F, 0.98F}));
}

TEST(NmsTest, TheResultDoesNotDependOnTheOrderThatCameIn) {
  std::vector<Candidate> boxes;
  for (std::uint16_t i = 0; i < 60; ++i) {
    boxes.push_back(box(static_cast<float>(i % 20), 0.25F * static_cast<float>(i % 3), i % 2));
  }
  auto expected = boxes;
  suppress_overlaps(expected, 0.5F, 40, 10);
  std::minstd_rand random{7};
  for (int round = 0; round < 20; ++round) {
    std::ranges::shuffle(boxes, random);
    auto result = boxes;
    suppress_overlaps(result, 0.5F, 40, 10);
    ASSERT_EQ(result.size(), expected.size());
    for (std::size_t i = 0; i < result.size(); ++i) {
      EXPECT_EQ(result[i].left, expected[i].left);
      EXPECT_EQ(result[i].label_id, expected[i].label_id);
    }
  }
}

TEST(NmsTest, NothingIsLeftOfNothing) {
  std::vector<Candidate> none;
  suppress_overlaps(none, 0.5F, kAll, kAll);
  EXPECT_TRUE(none.empty());
}

}  // namespace
}  // namespace bulkhead::worker
