#include "supervisor/process/worker_limits.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <utility>

namespace bulkhead::supervisor {

namespace {

#ifdef BULKHEAD_SANITIZED
constexpr bool kInstrumented = true;
#else
constexpr bool kInstrumented = false;
#endif

using Resource = decltype(RLIMIT_DATA);

/// Lowers a limit; one that the system already set lower stays.
Result<void> lower(pid_t pid, Resource resource, std::uint64_t value) {
  rlimit limit{};
  if (::prlimit(pid, resource, nullptr, &limit) != 0) {
    return errno_error(ErrorCode::SpawnFailed, "cannot read the limits of a new worker");
  }
  limit.rlim_max = std::min<rlim_t>(limit.rlim_max, value);
  limit.rlim_cur = limit.rlim_max;
  if (::prlimit(pid, resource, &limit, nullptr) != 0) {
    return errno_error(ErrorCode::SpawnFailed, "cannot limit a new worker");
  }
  return {};
}

/// Made and joined, or none: then the limits of the process alone hold.
std::optional<WorkerCgroup> join_cgroup(pid_t pid, const WorkerLimits& limits) {
  if (limits.cgroups == nullptr) return std::nullopt;
  auto cgroup = limits.cgroups->make({.memory_bytes = limits.memory_bytes, .tasks = limits.tasks});
  if (!cgroup || !cgroup->add(pid)) return std::nullopt;
  return std::move(*cgroup);
}

}  // namespace

Result<std::optional<WorkerCgroup>> apply_limits(pid_t pid, const WorkerLimits& limits) {
  auto cgroup = join_cgroup(pid, limits);
  // A sanitizer reads and lowers this one when it starts, and ends the worker where another has
  // lowered it in between; the worker's own confinement does so later.
  if (!kInstrumented) {
    if (auto done = lower(pid, RLIMIT_CORE, 0); !done) return done.error();
  }
  if (auto done = lower(pid, RLIMIT_NOFILE, limits.descriptors); !done) return done.error();
  if (auto done = lower(pid, RLIMIT_NPROC, limits.user_tasks); !done) return done.error();
  // The shadow memory of a sanitizer is many times what it watches.
  if (limits.memory_bytes > 0 && !kInstrumented) {
    const std::uint64_t factor = cgroup ? limits::kAllocationFactor : 1;
    if (auto done = lower(pid, RLIMIT_DATA, limits.memory_bytes * factor); !done) {
      return done.error();
    }
  }
  return cgroup;
}

}  // namespace bulkhead::supervisor
