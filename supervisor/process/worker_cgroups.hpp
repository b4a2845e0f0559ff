#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/result.hpp"
#include "supervisor/process/cgroup_hierarchy.hpp"

namespace bulkhead::supervisor {

class WorkerCgroups;

/// The control group of one worker and all that it starts, whatever process group that is in.
/// Owned by WorkerProcess. Destroying it kills what is left in it and removes it.
class WorkerCgroup {
 public:
  WorkerCgroup(WorkerCgroup&& other) noexcept
      : owner_{std::exchange(other.owner_, nullptr)}, number_{other.number_} {}
  WorkerCgroup& operator=(WorkerCgroup&&) = delete;
  ~WorkerCgroup();

  /// What the process uses from now on counts here; what it used before stays where it was.
  [[nodiscard]] Result<> add(pid_t pid) const;

  /// The kernel has killed in it for want of memory: at its limit, or because the machine had none.
  [[nodiscard]] bool ran_out_of_memory() const;

  /// It was refused a process or a thread at its limit.
  [[nodiscard]] bool ran_out_of_tasks() const;

  /// Names it among the groups of its supervisor.
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }

 private:
  friend class WorkerCgroups;
  WorkerCgroup(WorkerCgroups& owner, std::uint64_t number) noexcept
      : owner_{&owner}, number_{number} {}

  WorkerCgroups* owner_;  // null: moved from
  std::uint64_t number_;
};

/// The control groups of all workers of this supervisor: one each, below the group that the
/// supervisor was started in. Made once at start; outlives every worker. Used by the loop's thread:
/// making, joining and removing one takes 0.1 ms in all, measured, 6 ms the first time in a while.
///
///   <group>/bulkhead-<pid of the supervisor>/worker-<number>
///
/// In version 2 a group that hands its controllers down may hold no process itself (cgroups(7), "no
/// internal processes"), so the supervisor moves to .../supervisor beside its workers. Where other
/// processes share its group (a shell, say) that rule cannot be met, and `create` fails.
class WorkerCgroups {
 public:
  struct Limits {
    std::uint64_t memory_bytes = 0;  // swap included; 0: no limit
    std::uint64_t tasks = 0;
  };

  /// Also removes what supervisors left behind that were killed. Io with what the kernel refused.
  static Result<std::unique_ptr<WorkerCgroups>> create(CgroupHierarchy hierarchy);

  /// Where the groups are and how many were made: all that another program in this process needs
  /// to go on with them.
  struct State {
    CgroupHierarchy hierarchy;
    std::uint64_t last_number = 0;
  };
  [[nodiscard]] State state() const { return {hierarchy_, last_number_}; }
  static std::unique_ptr<WorkerCgroups> resume(State state);

  WorkerCgroups(const WorkerCgroups&) = delete;
  WorkerCgroups& operator=(const WorkerCgroups&) = delete;
  ~WorkerCgroups();

  [[nodiscard]] MemoryEnforcement enforcement() const noexcept { return hierarchy_.enforcement; }

  [[nodiscard]] Result<WorkerCgroup> make(const Limits& limits);

  /// The group that was made with this number, by the program before.
  [[nodiscard]] WorkerCgroup resume(std::uint64_t number) { return {*this, number}; }

 private:
  friend class WorkerCgroup;
  explicit WorkerCgroups(CgroupHierarchy hierarchy);

  [[nodiscard]] std::vector<std::filesystem::path> own_groups() const;  // one for each hierarchy
  [[nodiscard]] std::vector<std::filesystem::path> folders() const;     // ours in them
  [[nodiscard]] Result<> hand_down_controllers() const;
  [[nodiscard]] std::filesystem::path memory_of(std::uint64_t number) const;
  [[nodiscard]] std::filesystem::path pids_of(std::uint64_t number) const;
  void remove(std::uint64_t number);
  void remove_ended();

  const CgroupHierarchy hierarchy_;
  const std::string name_;  // of our folder
  std::uint64_t last_number_ = 0;
  std::vector<std::filesystem::path> ended_;  // that still held a dying process
};

/// Writes the limits of one worker's group, in the words of each version. Separate for tests: a
/// machine offers one version only.
[[nodiscard]] Result<> write_limits(MemoryEnforcement version, const std::filesystem::path& memory,
                                    const std::filesystem::path& pids,
                                    const WorkerCgroups::Limits& limits);

/// How often the kernel has killed in this group for want of memory.
[[nodiscard]] std::uint64_t memory_kills(MemoryEnforcement version,
                                         const std::filesystem::path& memory);

}  // namespace bulkhead::supervisor
