#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace bulkhead::supervisor {

/// Resident bytes of a process, from /proc/PID/statm: some microseconds, no disk. None when the
/// process is gone.
[[nodiscard]] std::optional<std::uint64_t> resident_bytes(pid_t pid);

}  // namespace bulkhead::supervisor
