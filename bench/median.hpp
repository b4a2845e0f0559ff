#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

namespace bulkhead::bench {

/// The middle of many noisy ratios, and the bounds it lies between in 19 of 20 such benches: ranks
/// of the binomial distribution, whatever the ratios' own is.
struct Median {
  double value;
  double low;
  double high;

  explicit Median(std::vector<double> values) {
    constexpr double kHalfWidth = 0.98;  // 1.96 standard deviations of √n / 2
    std::sort(values.begin(), values.end());
    const auto count = static_cast<double>(values.size());
    const auto at = [&](double rank) {
      return values[static_cast<std::size_t>(std::clamp(rank, 0.0, count - 1))];
    };
    value = values[values.size() / 2];
    low = at(count / 2 - kHalfWidth * std::sqrt(count));
    high = at(count / 2 + kHalfWidth * std::sqrt(count));
  }
};

inline void print(const char* what, const Median& median) {
  std::printf("%s: %.3f (median; 95 %% between %.3f and %.3f)\n", what, median.value, median.low,
              median.high);
}

}  // namespace bulkhead::bench
