#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace bulkhead::supervisor {

/// Counts of durations by upper bound, as Prometheus wants them. One thread.
class DurationHistogram {
 public:
  /// Seconds. From a result that met an idle machine to one that waited for a whole camera outage.
  static constexpr std::array<double, 14> kBounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                  0.25,  0.5,    1.0,   2.5,  5.0,   10.0, 30.0};

  void observe(std::chrono::nanoseconds duration) noexcept;

  /// Observations up to and including `kBounds[i]`; the last element holds all.
  [[nodiscard]] std::array<std::uint64_t, kBounds.size() + 1> cumulative() const noexcept;
  [[nodiscard]] double sum_seconds() const noexcept { return sum_seconds_; }

 private:
  std::array<std::uint64_t, kBounds.size() + 1> counts_{};
  double sum_seconds_ = 0;
};

}  // namespace bulkhead::supervisor
