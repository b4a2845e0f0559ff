#include "worker/sandbox/syscall_filter.hpp"

#include <sched.h>
#include <seccomp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string>

namespace bulkhead::worker {

namespace {

// LeakSanitizer looks for leaks from a second process that traces the first.
#ifdef BULKHEAD_SANITIZED
constexpr bool kMayTraceItself = true;
#else
constexpr bool kMayTraceItself = false;
#endif

/// By name, so that one that this machine or this libseccomp does not have is passed over.
constexpr std::array kDenied{
    // Programs and processes. clone is below; threads need it.
    "execve", "execveat", "fork", "vfork",
    // Other processes.
    "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_getfd",
    // Files behind the back of paths, and another view of them.
    "open_by_handle_at", "name_to_handle_at", "mount", "umount", "umount2", "move_mount",
    "open_tree", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "pivot_root", "chroot",
    "setns", "unshare", "mknod", "mknodat", "fanotify_init", "quotactl", "quotactl_fd",
    // Parts of the kernel with a history of holes that no worker uses.
    "bpf", "perf_event_open", "io_uring_setup", "io_uring_enter", "io_uring_register",
    "userfaultfd", "keyctl", "add_key", "request_key", "vmsplice", "lookup_dcookie", "modify_ldt",
    "personality",
    // The machine itself.
    "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot",
    "swapon", "swapoff", "acct", "syslog", "settimeofday", "clock_settime", "clock_settime64",
    "clock_adjtime", "clock_adjtime64", "adjtimex", "stime", "sethostname", "setdomainname", "iopl",
    "ioperm", "vhangup", "nfsservctl"};

/// AF_NETLINK: the resolver asks which addresses this machine has.
bool is_needed(int family, LocalSockets local) noexcept {
  return family == AF_INET || family == AF_INET6 || family == AF_NETLINK ||
         (family == AF_UNIX && local == LocalSockets::Allowed);
}

/// As SCMP_A0_64, whose compound literal is C.
scmp_arg_cmp first_argument(scmp_compare how, scmp_datum_t a, scmp_datum_t b = 0) noexcept {
  return {.arg = 0, .op = how, .datum_a = a, .datum_b = b};
}

struct Release {
  void operator()(void* filter) const noexcept { ::seccomp_release(filter); }
};

/// libseccomp returns negative errno values.
Result<> check(int result, const char* step) {
  if (result == 0) return {};
  errno = -result;
  return errno_error(ErrorCode::Unavailable, step);
}

class Filter {
 public:
  Filter() : filter_{::seccomp_init(SCMP_ACT_ALLOW)} {}

  /// One that this machine does not have needs no rule.
  template <class... Comparisons>
  void deny(const char* name, int error, const Comparisons&... when) {
    const int number = ::seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR || failed_ != 0) return;
    const std::array<scmp_arg_cmp, sizeof...(when)> arguments{when...};
    const int added = ::seccomp_rule_add_array(filter_.get(), SCMP_ACT_ERRNO(error), number,
                                               sizeof...(when), arguments.data());
    if (added != -EDOM) failed_ = added;
  }

  Result<> load() {
    if (!filter_) return check(-ENOMEM, "the filter of system calls");
    if (auto built = check(failed_, "the filter of system calls"); !built) return built;
    // Otherwise it hides the kernel's own error.
    ::seccomp_attr_set(filter_.get(), SCMP_FLTATR_API_SYSRAWRC, 1);
    return check(::seccomp_load(filter_.get()), "seccomp");
  }

 private:
  std::unique_ptr<void, Release> filter_;
  int failed_ = 0;
};

}  // namespace

Result<> filter_system_calls(LocalSockets local) {
  Filter filter;
  for (const char* name : kDenied) filter.deny(name, EPERM);
  if (!kMayTraceItself) {
    filter.deny("ptrace", EPERM);
    filter.deny("clone", EPERM, first_argument(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
    // Its flags lie in memory, where no filter can look. glibc asks again with clone.
    filter.deny("clone3", ENOSYS);
  }
  // A filter compares with one number at a time.
  for (int family = 0; family <= AF_NETLINK; ++family) {
    if (is_needed(family, local)) continue;
    filter.deny("socket", EPERM, first_argument(SCMP_CMP_EQ, static_cast<scmp_datum_t>(family)));
  }
  filter.deny("socket", EPERM, first_argument(SCMP_CMP_GT, AF_NETLINK));
  return filter.load();
}

}  // namespace bulkhead::worker
