#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "common/limits.hpp"
#include "common/result.hpp"
#include "supervisor/process/worker_cgroups.hpp"

namespace bulkhead::supervisor {

/// What the kernel lets one worker have. Set by the supervisor on the child (prlimit), so that it
/// does not depend on the worker's good will; inherited by all that the worker starts.
struct WorkerLimits {
  /// Of private writable memory (RLIMIT_DATA): heap, stacks, anonymous mappings; not the mapped
  /// files of libraries and models, nor address space that is only reserved, which an engine or a
  /// GPU driver takes in amounts that say nothing. 0: no limit. Beyond it allocations fail.
  ///
  /// In a control group of its own the kernel counts what the worker really uses, files' pages and
  /// shared memory included, and kills it past this; allocations may then be
  /// limits::kAllocationFactor times as large.
  std::uint64_t memory_bytes = 0;
  std::uint64_t descriptors = limits::kWorkerDescriptors;
  std::uint64_t tasks = limits::kWorkerTasks;           // processes and threads; needs a group
  std::uint64_t user_tasks = limits::kWorkerUserTasks;  // of its user; root is exempt
  WorkerCgroups* cgroups = nullptr;                     // null: what prlimit can do
};

/// Puts a new worker into its control group and lowers its limits; without a group where the kernel
/// gives none now: a camera shall not wait for that. Also forbids core files: they would hold the
/// camera's password.
[[nodiscard]] Result<std::optional<WorkerCgroup>> apply_limits(pid_t pid,
                                                               const WorkerLimits& limits);

}  // namespace bulkhead::supervisor
