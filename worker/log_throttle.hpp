#pragma once

#include <cstdint>
#include <optional>

#include "common/mutex.hpp"

namespace bulkhead::worker {

/// Bounds what foreign code may write to the log: a broken stream makes decoders complain about
/// every picture. Up to kBurst lines at once, kPerSecond in the long run. Called by any thread.
class LogThrottle {
 public:
  static constexpr double kPerSecond = 5;
  static constexpr double kBurst = 50;

  /// How many lines were refused since the last one admitted; nothing: refuse this one too.
  [[nodiscard]] std::optional<std::uint64_t> admit(std::int64_t now_ns);

 private:
  Mutex mutex_;
  double credit_ BULKHEAD_GUARDED_BY(mutex_) = kBurst;
  std::int64_t last_ns_ BULKHEAD_GUARDED_BY(mutex_) = 0;
  std::uint64_t refused_ BULKHEAD_GUARDED_BY(mutex_) = 0;
};

}  // namespace bulkhead::worker
