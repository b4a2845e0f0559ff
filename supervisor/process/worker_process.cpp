#include "supervisor/process/worker_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string_view>
#include <utility>

extern "C" {
#include <sys/pidfd.h>  // glibc 2.36 declares these without C linkage.
}

#include "common/limits.hpp"
#include "ipc/worker_fds.hpp"
#include "supervisor/process/argument_pointers.hpp"

namespace bulkhead::supervisor {

using std::chrono::ceil;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

/// Above every fixed worker descriptor, so that no dup2 below overwrites a source.
constexpr int kFirstSafeFd = 64;

/// What a worker may see of our environment. Everything else, tokens and passwords among it, stays
/// here; what GStreamer and the engines need to be told comes in the start message.
constexpr std::array<std::string_view, 12> kEnvironment{"PATH",
                                                        "HOME",
                                                        "LANG",
                                                        "LC_ALL",
                                                        "TZ",
                                                        "TMPDIR",
                                                        "LD_LIBRARY_PATH",
                                                        "CUDA_VISIBLE_DEVICES",
                                                        "ASAN_OPTIONS",
                                                        "TSAN_OPTIONS",
                                                        "UBSAN_OPTIONS",
                                                        "LSAN_OPTIONS"};

std::int64_t in_ms(const timeval& time) { return time.tv_sec * 1000 + time.tv_usec / 1000; }

/// The supervisor blocks signals to read them from its event loop; a worker starts with none
/// blocked and none ignored, and in its own process group so that Ctrl-C reaches only the
/// supervisor, which then stops workers in its own order.
class SpawnAttributes {
 public:
  SpawnAttributes() {
    ::posix_spawnattr_init(&attributes_);
    sigset_t signals;
    ::sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes_, &signals);
    ::sigfillset(&signals);
    ::posix_spawnattr_setsigdefault(&attributes_, &signals);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
  ~SpawnAttributes() { ::posix_spawnattr_destroy(&attributes_); }

  [[nodiscard]] const posix_spawnattr_t* get() const noexcept { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

/// The descriptors a worker inherits, and nothing else.
class SpawnDescriptors {
 public:
  SpawnDescriptors() { ::posix_spawn_file_actions_init(&actions_); }
  SpawnDescriptors(const SpawnDescriptors&) = delete;
  SpawnDescriptors& operator=(const SpawnDescriptors&) = delete;
  ~SpawnDescriptors() { ::posix_spawn_file_actions_destroy(&actions_); }

  Result<void> add(int source, int target) {
    UniqueFd copy{::fcntl(source, F_DUPFD_CLOEXEC, kFirstSafeFd)};
    if (!copy) return errno_error(ErrorCode::SpawnFailed, "no descriptor left for a worker");
    ::posix_spawn_file_actions_adddup2(&actions_, copy.get(), target);
    copies_.push_back(std::move(copy));
    return {};
  }

  void finish() {
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (::fcntl(STDERR_FILENO, F_GETFD) < 0) {
      ::posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    }
    ::posix_spawn_file_actions_adddup2(&actions_, STDERR_FILENO, STDOUT_FILENO);
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, ipc::kFirstFreeFd);
  }

  [[nodiscard]] const posix_spawn_file_actions_t* get() const noexcept { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
  std::vector<UniqueFd> copies_;
};

std::vector<std::string> worker_environment() {
  std::vector<std::string> environment;
  for (const auto name : kEnvironment) {
    // Nobody changes the environment of the supervisor once it runs.
    const char* value = std::getenv(name.data());  // NOLINT(concurrency-mt-unsafe)
    if (value != nullptr) environment.push_back(std::string{name} + '=' + value);
  }
  return environment;
}

}  // namespace

Result<WorkerProcess> WorkerProcess::spawn(const Spec& spec) {
  SpawnDescriptors descriptors;
  for (const auto& [source, target] : {std::pair{spec.control_fd, int{ipc::kControlFd}},
                                       {spec.segment_fd, int{ipc::kSegmentFd}},
                                       {spec.command_doorbell_fd, int{ipc::kCommandDoorbellFd}},
                                       {spec.result_doorbell_fd, int{ipc::kResultDoorbellFd}}}) {
    if (source < 0) continue;
    if (const auto added = descriptors.add(source, target); !added) return added.error();
  }
  descriptors.finish();
  std::vector<std::string> arguments{spec.executable};
  arguments.insert(arguments.end(), spec.arguments.begin(), spec.arguments.end());
  std::vector<std::string> environment = worker_environment();

  // posix_spawn, not fork: the supervisor has threads, and between fork and exec any lock another
  // thread held would stay locked for ever.
  pid_t pid = -1;
  const SpawnAttributes attributes;
  const int error =
      ::posix_spawn(&pid, spec.executable.c_str(), descriptors.get(), attributes.get(),
                    argument_pointers(arguments).data(), argument_pointers(environment).data());
  if (error != 0) {
    errno = error;
    return errno_error(ErrorCode::SpawnFailed, "cannot start " + spec.executable);
  }

  UniqueFd pidfd{::pidfd_open(pid, 0)};
  if (!pidfd) {
    const Error failure = errno_error(ErrorCode::SpawnFailed, "no pidfd for a worker");
    ::kill(-pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return failure;
  }
  WorkerProcess process{pid, std::move(pidfd)};
  auto limited = apply_limits(pid, spec.limits);
  if (!limited) return limited.error();
  if (*limited) {
    process.cgroup_.emplace(std::move(**limited));
    process.enforcement_ = spec.limits.cgroups->enforcement();
  }
  return process;
}

Result<WorkerProcess> WorkerProcess::resume(const Running& running, WorkerCgroups* cgroups) {
  UniqueFd exit_fd{running.exit_fd};
  siginfo_t info{};
  // Only of a child that nobody has reaped can this be asked.
  if (::waitid(P_PIDFD, static_cast<id_t>(exit_fd.get()), &info, WEXITED | WNOHANG | WNOWAIT) !=
      0) {
    return errno_error(ErrorCode::Unavailable,
                       "pid " + std::to_string(running.pid) + " is no worker of ours");
  }
  WorkerProcess process{running.pid, std::move(exit_fd)};
  if (running.cgroup && cgroups != nullptr) {
    process.cgroup_.emplace(cgroups->resume(*running.cgroup));
    process.enforcement_ = cgroups->enforcement();
  }
  return process;
}

WorkerProcess::Running WorkerProcess::running() const noexcept {
  return {.pid = pid_,
          .exit_fd = pidfd_.get(),
          .cgroup = cgroup_ ? std::optional{cgroup_->number()} : std::nullopt};
}

WorkerProcess::WorkerProcess(pid_t pid, UniqueFd pidfd) noexcept
    : pid_{pid}, pidfd_{std::move(pidfd)} {}

WorkerProcess::WorkerProcess(WorkerProcess&& other) noexcept
    : pid_{std::exchange(other.pid_, -1)},
      pidfd_{std::move(other.pidfd_)},
      cgroup_{std::exchange(other.cgroup_, std::nullopt)},
      enforcement_{other.enforcement_},
      exit_{other.exit_} {}

WorkerProcess::~WorkerProcess() {
  if (!pidfd_ || exit_) return;
  kill_group();
  wait_exit(limits::kReapTime);
}

void WorkerProcess::signal(int number) noexcept {
  if (!exit_) ::pidfd_send_signal(pidfd_.get(), number, nullptr, 0);
}

void WorkerProcess::kill_group() noexcept {
  // Until it is reaped the worker, dead or alive, keeps the number of its group from reuse.
  if (!exit_) ::kill(-pid_, SIGKILL);
}

bool WorkerProcess::is_stopped() const {
  if (exit_) return false;
  std::ifstream file{"/proc/" + std::to_string(pid_) + "/stat"};
  std::string line;
  std::getline(file, line);
  // The name before the state is in parentheses and may hold any character, these included.
  const auto name_end = line.rfind(") ");
  if (name_end == std::string::npos || name_end + 2 >= line.size()) return false;
  const char state = line[name_end + 2];
  return state == 'T' || state == 't';
}

std::optional<ExitStatus> WorkerProcess::wait_exit(milliseconds timeout) noexcept {
  if (exit_) return exit_;
  const auto deadline = steady_clock::now() + timeout;
  pollfd exited{pidfd_.get(), POLLIN, 0};
  int polled = 0;
  do {
    const auto left = std::max(ceil<milliseconds>(deadline - steady_clock::now()), milliseconds{0});
    polled = ::poll(&exited, 1, static_cast<int>(left.count()));
  } while (polled < 0 && errno == EINTR);
  if (polled == 1) reap();
  return exit_;
}

void WorkerProcess::reap() noexcept {
  kill_group();
  siginfo_t info{};
  rusage used{};
  // The system call itself: glibc's waitid does not hand out what the child has used.
  while (::syscall(SYS_waitid, P_PIDFD, pidfd_.get(), &info, WEXITED, &used) != 0) {
    if (errno == EINTR) continue;
    exit_.emplace().signal = SIGKILL;  // someone else took the status of our child
    return;
  }
  ExitStatus& exit = exit_.emplace();
  (info.si_code == CLD_EXITED ? exit.code : exit.signal) = info.si_status;
  exit.peak_rss_bytes = std::int64_t{used.ru_maxrss} * 1024;  // the system counts KiB
  exit.cpu_ms = in_ms(used.ru_utime) + in_ms(used.ru_stime);
  if (!cgroup_) return;
  exit.out_of_memory = cgroup_->ran_out_of_memory();
  exit.out_of_tasks = cgroup_->ran_out_of_tasks();
  cgroup_.reset();
}

}  // namespace bulkhead::supervisor
