#include "worker/sandbox/confinement.hpp"

#include <fcntl.h>
#include <grp.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <new>
#include <utility>

#include "ipc/worker_fds.hpp"

namespace bulkhead::worker {

namespace {

Error not_confined(std::string_view step) { return errno_error(ErrorCode::Unavailable, step); }

}  // namespace

Result<> confine_process() {
  if (::close_range(ipc::kFirstFreeFd, UINT_MAX, 0) != 0) return not_confined("close_range");
  for (int fd = ipc::kControlFd; fd < ipc::kFirstFreeFd; ++fd) {
    // Programs that are given fewer than a worker have none there.
    if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 && errno != EBADF) {
      return not_confined("close-on-exec of a descriptor");
    }
  }
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return not_confined("PR_SET_PDEATHSIG");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return not_confined("PR_SET_NO_NEW_PRIVS");
  const rlimit no_core{0, 0};
  if (::setrlimit(RLIMIT_CORE, &no_core) != 0) return not_confined("RLIMIT_CORE");
  return {};
}

Result<> become_user(uid_t uid, gid_t gid) {
  if (::setgroups(0, nullptr) != 0) return not_confined("setgroups");
  if (::setresgid(gid, gid, gid) != 0) return not_confined("setresgid");
  if (::setresuid(uid, uid, uid) != 0) return not_confined("setresuid");
  // The kernel forgets it with the user.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return not_confined("PR_SET_PDEATHSIG");
  return {};
}

Result<> arrange_signals() {
  for (const int number : {SIGINT, SIGHUP, SIGPIPE}) {
    if (::signal(number, SIG_IGN) == SIG_ERR) return not_confined("ignoring a signal");
  }
  sigset_t blocked{};
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGTERM);
  if (::pthread_sigmask(SIG_SETMASK, &blocked, nullptr) != 0) return not_confined("sigprocmask");
  return {};
}

void quiet_libraries() noexcept {
  for (const auto& [name, value] :
       {std::pair{"ORT_DISABLE_TELEMETRY", "1"}, std::pair{"GSETTINGS_BACKEND", "memory"},
        std::pair{"GIO_USE_PROXY_RESOLVER", "dummy"}}) {
    ::setenv(name, value, 1);  // NOLINT(concurrency-mt-unsafe): before there is a second thread
  }
}

void end_when_out_of_memory() noexcept {
  std::set_new_handler([] { ::_exit(ipc::kExitMemory); });
}

void tune_allocator() noexcept {
  constexpr int kArenas = 2;
  constexpr int kMmapThresholdBytes = 128 * 1024;
  // Before there is a second thread.
  ::mallopt(M_ARENA_MAX, kArenas);  // NOLINT(concurrency-mt-unsafe)
  // Setting it also turns its growth off: a freed picture would otherwise raise it, and all later
  // pictures would come from a heap that never shrinks.
  ::mallopt(M_MMAP_THRESHOLD, kMmapThresholdBytes);  // NOLINT(concurrency-mt-unsafe)
}

}  // namespace bulkhead::worker
