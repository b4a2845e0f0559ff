#include "worker/canary/agreement.hpp"

#include <gtest/gtest.h>

namespace bulkhead::worker {
namespace {

NamedBox box(const std::string& label, float x, float w = 10) { return {{x, 0, w, 10}, label}; }

double f1_of(const std::vector<NamedBox>& one, const std::vector<NamedBox>& other) {
  const double f1 = agreement_of(one, other).f1();
  EXPECT_EQ(agreement_of(other, one).f1(), f1) << "neither is favoured";
  return f1;
}

TEST(Agreement, IsWholeWhereEachBoxHasItsLike) {
  EXPECT_EQ(f1_of({box("car", 0), box("dog", 50)}, {box("dog", 51), box("car", 1)}), 1);
}

TEST(Agreement, IsWholeWhereNeitherFindsAnythingAndThatCanBeToldApart) {
  EXPECT_EQ(f1_of({}, {}), 1);
  EXPECT_EQ(agreement_of({}, {}).boxes, 0U);
  EXPECT_EQ(agreement_of({box("car", 0)}, {}).boxes, 1U);
}

TEST(Agreement, IsNoneWhereOnlyOneFindsSomething) {
  EXPECT_EQ(f1_of({box("car", 0)}, {}), 0);
  EXPECT_EQ(f1_of({box("car", 0)}, {box("car", 100)}), 0);
}

TEST(Agreement, OfLabelsIsByName) { EXPECT_EQ(f1_of({box("car", 0)}, {box("truck", 0)}), 0); }

TEST(Agreement, TakesHalfOfWhatEitherCoversForTheSameThingAndLessForAnother) {
  // 10 and 5 of a width of 10, then a little less.
  EXPECT_EQ(f1_of({box("car", 0)}, {box("car", 0, 5)}), 1);
  EXPECT_EQ(f1_of({box("car", 0)}, {box("car", 0, 4.9F)}), 0);
}

TEST(Agreement, CountsEachBoxOnceAndGivesItToTheOneThatLiesBest) {
  // Two on one: the other finds no partner.
  EXPECT_DOUBLE_EQ(f1_of({box("car", 0)}, {box("car", 1), box("car", 0)}), 2.0 / 3);
  // Taken as they come, the first would take the place of the second, which then had none.
  EXPECT_EQ(f1_of({box("car", 2), box("car", 0)}, {box("car", 0), box("car", 4)}), 1);
}

}  // namespace
}  // namespace bulkhead::worker
