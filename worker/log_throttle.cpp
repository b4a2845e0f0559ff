#include "worker/log_throttle.hpp"

#include <algorithm>
#include <utility>

#include "common/clock.hpp"

namespace bulkhead::worker {

std::optional<std::uint64_t> LogThrottle::admit(std::int64_t now_ns) {
  const MutexLock lock{mutex_};
  const double elapsed = to_seconds(now_ns - last_ns_);
  last_ns_ = now_ns;
  credit_ = std::min(burst_, credit_ + elapsed * per_second_);
  if (credit_ < 1) {
    ++refused_;
    return std::nullopt;
  }
  credit_ -= 1;
  return std::exchange(refused_, 0);
}

}  // namespace bulkhead::worker
