#include "worker/log_throttle.hpp"

#include <algorithm>
#include <utility>

namespace bulkhead::worker {

std::optional<std::uint64_t> LogThrottle::admit(std::int64_t now_ns) {
  constexpr double kNsPerSecond = 1e9;
  const MutexLock lock{mutex_};
  const double elapsed = static_cast<double>(now_ns - last_ns_) / kNsPerSecond;
  last_ns_ = now_ns;
  credit_ = std::min(kBurst, credit_ + elapsed * kPerSecond);
  if (credit_ < 1) {
    ++refused_;
    return std::nullopt;
  }
  credit_ -= 1;
  return std::exchange(refused_, 0);
}

}  // namespace bulkhead::worker
