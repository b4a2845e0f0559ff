#include "common/token_bucket.hpp"

#include <algorithm>
#include <cassert>

#include "common/clock.hpp"

namespace bulkhead {

TokenBucket::TokenBucket(double per_second, std::chrono::milliseconds burst) noexcept
    : interval_ns_{static_cast<std::int64_t>(static_cast<double>(kNsPerSecond) / per_second)},
      capacity_{std::max<std::int64_t>(
          1,
          static_cast<std::int64_t>(per_second * std::chrono::duration<double>{burst}.count()))} {
  assert(per_second > 0);
}

std::int64_t TokenBucket::ready_ns(std::int64_t now_ns) const noexcept {
  // One token is there as soon as all but one of the others are missing.
  return std::max(now_ns, full_ns_ - (capacity_ - 1) * interval_ns_);
}

void TokenBucket::take(std::int64_t at_ns) noexcept {
  assert(ready_ns(at_ns) <= at_ns);
  full_ns_ = std::max(full_ns_, at_ns) + interval_ns_;
}

std::int64_t TokenBucket::tokens(std::int64_t now_ns) const noexcept {
  const std::int64_t missing_ns = std::max<std::int64_t>(0, full_ns_ - now_ns);
  const std::int64_t missing = (missing_ns + interval_ns_ - 1) / interval_ns_;
  return std::max<std::int64_t>(0, capacity_ - missing);
}

}  // namespace bulkhead
