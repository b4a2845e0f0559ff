#pragma once

#include <cstdint>
#include <ctime>

#include "common/clock.hpp"

namespace bulkhead {

/// Nanoseconds that the calling thread has computed: what others of the machine do at the same time
/// does not lengthen it.
[[nodiscard]] inline std::int64_t thread_cpu_ns() noexcept {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::int64_t{used.tv_sec} * kNsPerSecond + used.tv_nsec;
}

}  // namespace bulkhead
