#include "worker/track/association.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "worker/track/assignment.hpp"

namespace bulkhead::worker {
namespace {

constexpr std::uint16_t kWalker = 0;
constexpr std::uint16_t kLorry = 2;

std::vector<std::int32_t> nobody(std::size_t count) {
  return std::vector<std::int32_t>(count, kUnassigned);
}

TEST(AssociationTest, BoxesOfAnotherLabelNeverMeet) {
  const Box place{10, 10, 40, 80};
  EXPECT_EQ(associate({{place, kWalker}}, {{place, kLorry}}, 0.2F), nobody(1));
  EXPECT_EQ(associate({{place, kWalker}}, {{place, kLorry}, {place, kWalker}}, 0.2F),
            (std::vector<std::int32_t>{1}));
}

TEST(AssociationTest, AnOverlapAtTheLeastIsNotEnough) {
  // 10 of 20 shared: 1/3 of what both cover.
  const LabelledBox expected{{0, 0, 20, 10}, kWalker};
  const LabelledBox found{{10, 0, 20, 10}, kWalker};
  EXPECT_EQ(associate({expected}, {found}, 1.0F / 3), nobody(1));
  EXPECT_EQ(associate({expected}, {found}, 0.33F), (std::vector<std::int32_t>{0}));
}

TEST(AssociationTest, GroupsThatDoNotMeetAreAssignedEachByItself) {
  std::vector<LabelledBox> expected;
  std::vector<LabelledBox> found;
  for (int group = 0; group < 3; ++group) {
    const auto x = static_cast<float>(1000 * group);
    // Two side by side; both have moved to the right by a third of their width.
    expected.push_back({{x, 0, 30, 60}, kWalker});
    expected.push_back({{x + 20, 0, 30, 60}, kWalker});
    found.insert(found.begin(), LabelledBox{{x + 10, 0, 30, 60}, kWalker});
    found.insert(found.begin(), LabelledBox{{x + 30, 0, 30, 60}, kWalker});
  }
  EXPECT_EQ(associate(expected, found, 0.2F), (std::vector<std::int32_t>{5, 4, 3, 2, 1, 0}));
}

}  // namespace
}  // namespace bulkhead::worker
