#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "common/unique_fd.hpp"
#include "supervisor/process/worker_limits.hpp"

namespace bulkhead::supervisor {

/// How a worker ended, and what it had used by then; 0 where the system does not say.
struct ExitStatus {
  int code = 0;    // valid when signal == 0
  int signal = 0;  // nonzero when it was killed, or aborted itself
  std::int64_t peak_rss_bytes = 0;
  std::int64_t cpu_ms = 0;     // in user and system mode, of all its threads
  bool out_of_memory = false;  // the kernel killed in its control group for want of memory
  bool out_of_tasks = false;   // it was refused a process or a thread there
};

/// One running worker: owns the process, never a policy about it. Owned by WorkerLink, used by
/// the supervisor's loop thread.
///
/// Destroying a WorkerProcess kills its whole process group and reaps it, so a live supervisor
/// leaves no zombie and no orphan. (Of a dead one the worker notices the parent-death signal it
/// asked for, and the end of its control socket.) Restart and back-off belong to Session.
class WorkerProcess {
 public:
  struct Spec {
    std::string executable;
    std::vector<std::string> arguments;
    // Each becomes the descriptor of ipc/worker_fds.hpp that its name says; not owned. -1: none.
    int control_fd = -1;
    int segment_fd = -1;
    int command_doorbell_fd = -1;
    int result_doorbell_fd = -1;
    WorkerLimits limits;
  };

  /// A worker that goes on while its supervisor becomes another program in the same process: what
  /// names it in the kernel. Does not own the descriptor.
  struct Running {
    pid_t pid = -1;
    int exit_fd = -1;
    std::optional<std::uint64_t> cgroup;  // its number among WorkerCgroups
  };

  /// Starts the worker with empty signal mask, default dispositions, a short environment and no
  /// other descriptors. An executable that cannot run is SpawnFailed here, not an exit seen later.
  /// Its limits stand before it can be sent its start message.
  static Result<WorkerProcess> spawn(const Spec& spec);

  /// Takes over a worker that this process started as another program, and the descriptor, also
  /// where it fails. `cgroups` is null where workers have no group. Unavailable when it is no child
  /// of ours or has been reaped.
  static Result<WorkerProcess> resume(const Running& running, WorkerCgroups* cgroups);

  [[nodiscard]] Running running() const noexcept;

  WorkerProcess(WorkerProcess&& other) noexcept;
  WorkerProcess& operator=(WorkerProcess&&) = delete;
  ~WorkerProcess();

  /// Readable once the worker has exited; for the event loop.
  [[nodiscard]] int exit_fd() const noexcept { return pidfd_.get(); }
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

  /// What holds it to its memory limit.
  [[nodiscard]] MemoryEnforcement memory_enforcement() const noexcept { return enforcement_; }

  /// It was refused a process or a thread, where a control group counts them.
  [[nodiscard]] bool ran_out_of_tasks() const { return cgroup_ && cgroup_->ran_out_of_tasks(); }

  /// To the worker alone; no effect after its exit.
  void signal(int number) noexcept;

  /// SIGKILL to the worker and all it started.
  void kill_group() noexcept;

  /// True while a signal or a debugger holds it (state T or t): then it obeys SIGKILL only.
  [[nodiscard]] bool is_stopped() const;

  /// Reaps the worker if it exits in time, and kills what it left behind in its group. Later calls
  /// return the same status.
  std::optional<ExitStatus> wait_exit(std::chrono::milliseconds timeout) noexcept;

 private:
  WorkerProcess(pid_t pid, UniqueFd pidfd) noexcept;
  void reap() noexcept;

  pid_t pid_ = -1;
  UniqueFd pidfd_;                      // names this process even after its number is reused
  std::optional<WorkerCgroup> cgroup_;  // until it is reaped
  MemoryEnforcement enforcement_ = MemoryEnforcement::RlimitPss;
  std::optional<ExitStatus> exit_;
};

}  // namespace bulkhead::supervisor
