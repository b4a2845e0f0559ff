#include "worker/track/assignment.hpp"

#include <algorithm>
#include <cassert>
#include <limits>

namespace bulkhead::worker {

namespace {

constexpr std::size_t kNobody = 0;  // rows and columns count from 1 in here

/// One problem with no more rows than columns. Costs are gains with their sign turned, at most 0:
/// a row that is left over takes some column for nothing.
class ShortestPaths {
 public:
  ShortestPaths(std::span<const float> gains, std::size_t rows, std::size_t columns, bool turned)
      : gains_{gains},
        rows_{rows},
        columns_{columns},
        turned_{turned},
        row_price_(rows + 1),
        column_price_(columns + 1),
        row_of_(columns + 1, kNobody),
        before_(columns + 1) {}

  /// The row of each column, both from 1; kNobody where there is none.
  const std::vector<std::size_t>& solve() {
    for (std::size_t row = 1; row <= rows_; ++row) add(row);
    return row_of_;
  }

  [[nodiscard]] float gain(std::size_t row, std::size_t column) const {
    return turned_ ? gains_[(column - 1) * rows_ + row - 1]
                   : gains_[(row - 1) * columns_ + column - 1];
  }

 private:
  /// Finds a column for `row`, if need be by moving others along the cheapest path.
  void add(std::size_t row) {
    constexpr double kFar = std::numeric_limits<double>::infinity();
    std::vector<double> distance(columns_ + 1, kFar);
    std::vector<bool> reached(columns_ + 1, false);
    row_of_[0] = row;  // column 0 stands for where the path begins
    std::size_t column = 0;
    do {
      reached[column] = true;
      const std::size_t from = row_of_[column];
      double nearest = kFar;
      std::size_t next = 0;
      for (std::size_t c = 1; c <= columns_; ++c) {
        if (reached[c]) continue;
        const double cost = -std::max(0.0, static_cast<double>(gain(from, c)));
        const double over = cost - row_price_[from] - column_price_[c];
        if (over < distance[c]) {
          distance[c] = over;
          before_[c] = column;
        }
        if (distance[c] < nearest) {
          nearest = distance[c];
          next = c;
        }
      }
      for (std::size_t c = 0; c <= columns_; ++c) {
        if (reached[c]) {
          row_price_[row_of_[c]] += nearest;
          column_price_[c] -= nearest;
        } else {
          distance[c] -= nearest;
        }
      }
      column = next;
    } while (row_of_[column] != kNobody);
    for (; column != 0; column = before_[column]) row_of_[column] = row_of_[before_[column]];
  }

  std::span<const float> gains_;
  std::size_t rows_;
  std::size_t columns_;
  bool turned_;
  std::vector<double> row_price_;
  std::vector<double> column_price_;
  std::vector<std::size_t> row_of_;
  std::vector<std::size_t> before_;
};

}  // namespace

std::vector<std::int32_t> best_assignment(std::span<const float> gains, std::size_t rows,
                                          std::size_t columns) {
  assert(gains.size() == rows * columns);
  std::vector<std::int32_t> column_of(rows, kUnassigned);
  if (rows == 0 || columns == 0) return column_of;
  const bool turned = rows > columns;
  ShortestPaths paths{gains, std::min(rows, columns), std::max(rows, columns), turned};
  const std::vector<std::size_t>& row_of = paths.solve();
  for (std::size_t column = 1; column < row_of.size(); ++column) {
    const std::size_t row = row_of[column];
    if (row == kNobody || !(paths.gain(row, column) > 0)) continue;
    const std::size_t first = turned ? column : row;
    const std::size_t second = turned ? row : column;
    column_of[first - 1] = static_cast<std::int32_t>(second - 1);
  }
  return column_of;
}

}  // namespace bulkhead::worker
