#include "supervisor/metrics/histogram.hpp"

#include <algorithm>
#include <numeric>

namespace bulkhead::supervisor {

void DurationHistogram::observe(std::chrono::nanoseconds duration) noexcept {
  const double seconds = std::chrono::duration<double>{duration}.count();
  const auto bound = std::lower_bound(kBounds.begin(), kBounds.end(), seconds);
  ++counts_[static_cast<std::size_t>(bound - kBounds.begin())];
  sum_seconds_ += seconds;
}

std::array<std::uint64_t, DurationHistogram::kBounds.size() + 1> DurationHistogram::cumulative()
    const noexcept {
  std::array<std::uint64_t, kBounds.size() + 1> sums{};
  std::partial_sum(counts_.begin(), counts_.end(), sums.begin());
  return sums;
}

}  // namespace bulkhead::supervisor
