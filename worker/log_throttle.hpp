#pragma once

#include <cstdint>
#include <optional>

#include "common/mutex.hpp"

namespace bulkhead::worker {

/// Bounds what foreign code may write to the log: a broken stream makes decoders complain about
/// every picture. Up to `burst` lines at once, `per_second` in the long run. What is the same again
/// and again is the log's to fold (common/rotating_log); this bounds the rest. Called by any
/// thread.
class LogThrottle {
 public:
  static constexpr double kPerSecond = 5;
  static constexpr double kBurst = 50;

  explicit LogThrottle(double burst = kBurst, double per_second = kPerSecond)
      : burst_{burst}, per_second_{per_second}, credit_{burst} {}

  /// How many lines were refused since the last one admitted; nothing: refuse this one too.
  [[nodiscard]] std::optional<std::uint64_t> admit(std::int64_t now_ns);

 private:
  const double burst_;
  const double per_second_;
  Mutex mutex_;
  double credit_ BULKHEAD_GUARDED_BY(mutex_);
  std::int64_t last_ns_ BULKHEAD_GUARDED_BY(mutex_) = 0;
  std::uint64_t refused_ BULKHEAD_GUARDED_BY(mutex_) = 0;
};

}  // namespace bulkhead::worker
