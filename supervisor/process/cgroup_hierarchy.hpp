#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace bulkhead::supervisor {

/// What holds a worker to its memory limit. The order is that of preference.
enum class MemoryEnforcement : std::uint8_t {
  Cgroup2,    // memory.max: the kernel counts all it uses and kills it alone
  Cgroup1,    // memory.limit_in_bytes: the same, of the older kind
  RlimitPss,  // the kernel refuses allocations (RLIMIT_DATA), the supervisor looks at what is
              // shared
};

[[nodiscard]] std::string_view name_of(MemoryEnforcement enforcement) noexcept;  // "rlimit+pss"

/// Where control groups of workers can be made: below the one this process is in, so that whoever
/// limited the supervisor has limited its workers too.
struct CgroupHierarchy {
  MemoryEnforcement enforcement = MemoryEnforcement::Cgroup2;  // or Cgroup1
  std::filesystem::path memory;                                // directory of our own group
  std::filesystem::path pids;  // the same in version 2; empty: tasks are not counted
};

/// From the texts of /proc/self/mountinfo and /proc/self/cgroup (proc(5), cgroups(7)), and in
/// version 2 from the group's list of controllers. Unavailable where neither version has the memory
/// controller for us; whether we may write there is found by writing.
[[nodiscard]] Result<CgroupHierarchy> find_cgroups(const std::string& mountinfo,
                                                   const std::string& membership);

/// Of this process.
[[nodiscard]] Result<CgroupHierarchy> find_own_cgroups();

}  // namespace bulkhead::supervisor
