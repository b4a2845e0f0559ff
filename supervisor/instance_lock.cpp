#include "supervisor/instance_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

namespace bulkhead::supervisor {

namespace {

constexpr std::size_t kPidDigits = 20;

/// What the holder wrote, digits only: the file may have been touched by anyone.
std::string holder_of(int fd) {
  std::array<char, kPidDigits> text{};
  const ssize_t size = ::pread(fd, text.data(), text.size(), 0);
  std::string pid;
  for (ssize_t i = 0; i < size; ++i) {
    const char c = text[static_cast<std::size_t>(i)];
    if (c < '0' || c > '9') break;
    pid += c;
  }
  return pid.empty() ? "unknown pid" : "pid " + pid;
}

}  // namespace

Result<InstanceLock> InstanceLock::acquire(const std::filesystem::path& state_dir) {
  const std::filesystem::path file = state_dir / "supervisor.lock";
  UniqueFd fd{::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!fd) return errno_error(ErrorCode::Io, "cannot open " + file.string());

  while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return errno_error(ErrorCode::Io, "cannot lock " + file.string());
    return Error{ErrorCode::AlreadyExists,
                 "a supervisor (" + holder_of(fd.get()) +
                     ") already runs with the state directory " + state_dir.string() +
                     "; stop it, or give another --state-dir",
                 {}};
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd.get(), 0) != 0 ||
      ::pwrite(fd.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return errno_error(ErrorCode::Io, "cannot write " + file.string());
  }
  return InstanceLock{std::move(fd)};
}

}  // namespace bulkhead::supervisor
