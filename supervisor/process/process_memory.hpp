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

/// From /proc/PID/statm: 5 us, measured. None when the process is gone.
[[nodiscard]] std::optional<ProcessMemory> memory_of(pid_t pid);

/// Resident memory that is backed by no file: heap, stacks, shared memory. From /proc/PID/status:
/// some ten microseconds.
[[nodiscard]] std::optional<std::uint64_t> unbacked_bytes(pid_t pid);

/// Of the same its proportional share (PSS): what would be free again without the process. The
/// kernel walks all pages for that (/proc/PID/smaps_rollup): 0.6 ms at 100 MB and 7 ms at 400 MB,
/// measured on a busy machine; so to be asked only where the answer is likely to end the process.
[[nodiscard]] std::optional<std::uint64_t> proportional_bytes(pid_t pid);

}  // namespace bulkhead::supervisor
