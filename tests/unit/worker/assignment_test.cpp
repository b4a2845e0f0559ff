#include "worker/track/assignment.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <set>
#include <vector>

namespace bulkhead::worker {
namespace {

double gain_of(const std::vector<float>& gains, std::size_t columns,
               const std::vector<std::int32_t>& column_of) {
  double sum = 0;
  for (std::size_t row = 0; row < column_of.size(); ++row) {
    if (column_of[row] == kUnassigned) continue;
    sum += gains[row * columns + static_cast<std::size_t>(column_of[row])];
  }
  return sum;
}

/// The best there is, by trying all.
double best_by_trying(const std::vector<float>& gains, std::size_t rows, std::size_t columns,
                      std::size_t row = 0, std::uint32_t taken = 0) {
  if (row == rows) return 0;
  double best = best_by_trying(gains, rows, columns, row + 1, taken);
  for (std::size_t column = 0; column < columns; ++column) {
    if ((taken >> column & 1U) != 0) continue;
    const double rest =
        best_by_trying(gains, rows, columns, row + 1, taken | std::uint32_t{1} << column);
    best = std::max(best, gains[row * columns + column] + rest);
  }
  return best;
}

TEST(AssignmentTest, TheSumDecidesAndNotTheBestPair) {
  // Taking 0.9 first leaves 0.1 for the other row; 0.8 + 0.8 is more.
  EXPECT_EQ(best_assignment(std::vector{0.9F, 0.8F, 0.8F, 0.1F}, 2, 2),
            (std::vector<std::int32_t>{1, 0}));
}

TEST(AssignmentTest, WhatGainsNothingIsLeftOver) {
  EXPECT_EQ(best_assignment(std::vector{-0.1F, 0.0F, 0.5F, -1.0F}, 2, 2),
            (std::vector<std::int32_t>{kUnassigned, 0}));
}

TEST(AssignmentTest, NobodyMeetsNobody) {
  EXPECT_TRUE(best_assignment({}, 0, 3).empty());
  EXPECT_EQ(best_assignment({}, 2, 0), (std::vector<std::int32_t>{kUnassigned, kUnassigned}));
}

TEST(AssignmentTest, IsAsGoodAsTryingAllForAnyNumberOfRowsAndColumns) {
  std::mt19937 random{20260105};
  std::uniform_int_distribution<std::size_t> sides{1, 6};
  // Few values, so that many sums are equal.
  std::uniform_int_distribution<int> values{-2, 6};
  for (int round = 0; round < 2000; ++round) {
    const std::size_t rows = sides(random);
    const std::size_t columns = sides(random);
    std::vector<float> gains(rows * columns);
    for (float& gain : gains) gain = static_cast<float>(values(random));
    const auto column_of = best_assignment(gains, rows, columns);

    ASSERT_EQ(column_of.size(), rows);
    std::set<std::int32_t> used;
    for (const std::int32_t column : column_of) {
      if (column == kUnassigned) continue;
      EXPECT_TRUE(used.insert(column).second) << "a column was given twice";
      ASSERT_LT(column, static_cast<std::int32_t>(columns));
    }
    ASSERT_DOUBLE_EQ(gain_of(gains, columns, column_of), best_by_trying(gains, rows, columns))
        << "round " << round << ", " << rows << " by " << columns;
  }
}

}  // namespace
}  // namespace bulkhead::worker
