#pragma once

#include <sys/types.h>

#include <cstdint>

#include "common/limits.hpp"
#include "common/result.hpp"

namespace bulkhead::supervisor {

/// What the kernel lets one worker have. Set by the supervisor on the child (prlimit), so that it
/// does not depend on the worker's good will; inherited by all that the worker starts.
struct WorkerLimits {
  /// Of private writable memory (RLIMIT_DATA): heap, stacks, anonymous mappings; not the mapped
  /// files of libraries and models, nor address space that is only reserved, which an engine or a
  /// GPU driver takes in amounts that say nothing. 0: no limit. Beyond it allocations fail.
  std::uint64_t memory_bytes = 0;
  std::uint64_t descriptors = limits::kWorkerDescriptors;
  std::uint64_t tasks = limits::kWorkerTasks;
};

/// Also forbids core files: they would hold the camera's password.
[[nodiscard]] Result<void> apply_limits(pid_t pid, const WorkerLimits& limits);

}  // namespace bulkhead::supervisor
