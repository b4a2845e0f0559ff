#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace bulkhead::supervisor {

/// What a process has in memory now.
struct ProcessMemory {
  std::uint64_t resident_bytes = 0;
  std::uint64_t anonymous_bytes =
      0;  // of these: heap and stacks, nothing of files or shared memory
};

/// From /proc/PID/statm: some microseconds, no disk. None when the process is gone.
[[nodiscard]] std::optional<ProcessMemory> memory_of(pid_t pid);

/// What would be free again without the process, of memory that is backed by no file: its own, and
/// its share of what it shares (PSS). The kernel walks all its pages for that
/// (/proc/PID/smaps_rollup): 0.3 ms for each 100 MB, measured, so not to be asked at each look.
/// None when the process is gone.
[[nodiscard]] std::optional<std::uint64_t> proportional_bytes(pid_t pid);

}  // namespace bulkhead::supervisor
