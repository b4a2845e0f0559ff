#include "worker/cascade/turns.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

#include "common/clock.hpp"

namespace bulkhead::worker {
namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max() / 2;

std::vector<Look> looks(const std::vector<std::size_t>& stages) {
  std::vector<Look> all;
  for (const std::size_t stage : stages) all.push_back({.object = all.size(), .stage = stage});
  return all;
}

std::vector<std::size_t> objects_of(const std::vector<Look>& batch) {
  std::vector<std::size_t> objects;
  for (const Look& look : batch) objects.push_back(look.object);
  return objects;
}

using Objects = std::vector<std::size_t>;

TEST(TurnsTest, ABranchIsOneThreadsAtATime) {
  std::vector<BranchPace> paces(2);
  Turns turns{looks({0, 0, 1}), paces, kNever};
  EXPECT_EQ(turns.branches(), 2U);
  const auto first = turns.take();
  EXPECT_EQ(objects_of(first), Objects{0});
  const auto other = turns.take();
  EXPECT_EQ(objects_of(other), Objects{2}) << "the first branch is busy";
  EXPECT_TRUE(turns.take().empty()) << "both are";
  turns.done(first, 1);
  EXPECT_EQ(objects_of(turns.take()), Objects{1});
  EXPECT_EQ(turns.taken(), 3U);
  EXPECT_EQ(turns.left(), 0U);
}

TEST(TurnsTest, LooksOfABranchComeInBatchesOnceItIsKnownHowLongOneTakes) {
  std::vector<BranchPace> paces{{.most_at_once = 3}, {.most_at_once = 1}};
  Turns turns{looks({0, 1, 0, 0, 0, 0}), paces, kNever};
  const auto first = turns.take();
  EXPECT_EQ(objects_of(first), Objects{0}) << "it is not known yet";
  turns.done(first, 1000);
  EXPECT_EQ(paces[0].look_ns, 1000);
  const auto alone = turns.take();
  EXPECT_EQ(objects_of(alone), Objects{1}) << "in their order";
  const auto batch = turns.take();
  EXPECT_EQ(objects_of(batch), (Objects{2, 3, 4}));
  turns.done(batch, 600);
  EXPECT_EQ(paces[0].look_ns, 200) << "of one";
}

TEST(TurnsTest, ABatchIsNoLargerThanTheTimeThatIsLeft) {
  constexpr std::int64_t kHour = 3600 * kNsPerSecond;
  std::vector<BranchPace> paces{{.most_at_once = 4, .look_ns = kHour}};
  Turns turns{looks({0, 0, 0, 0}), paces, monotonic_ns() + 5 * kHour / 2};
  EXPECT_EQ(turns.take().size(), 2U);
}

TEST(TurnsTest, OnceTheTimeIsOverNothingIsHandedOutButTheFirstLook) {
  std::vector<BranchPace> paces{{.most_at_once = 4, .look_ns = 1}};
  Turns turns{looks({0, 0, 0}), paces, 0};
  const auto first = turns.take();
  EXPECT_EQ(objects_of(first), Objects{0});
  turns.done(first, 1);
  EXPECT_TRUE(turns.take().empty());
  EXPECT_EQ(turns.taken(), 1U);
  EXPECT_EQ(turns.left(), 2U);
}

TEST(TurnsTest, WhoGivesUpEndsItForAll) {
  std::vector<BranchPace> paces(2);
  Turns turns{looks({0, 1}), paces, kNever};
  (void)turns.take();
  turns.give_up();
  EXPECT_TRUE(turns.take().empty());
}

}  // namespace
}  // namespace bulkhead::worker
