#include "supervisor/upgrade/dry_run.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <csignal>
#include <utility>
#include <vector>

extern "C" {
#include <sys/pidfd.h>  // glibc 2.36 declares these without C linkage.
}

#include "common/redaction.hpp"
#include "supervisor/process/argument_pointers.hpp"

namespace bulkhead::supervisor {

namespace {

/// Where the next program finds the memory. Above the standard streams, below all it opens.
constexpr int kMemoryFd = 3;

}  // namespace

Result<std::unique_ptr<DryRun>> DryRun::start(boost::asio::io_context& loop,
                                              const NextProgram& next, int memory,
                                              std::function<void(Result<std::string>)> done,
                                              std::chrono::milliseconds limit) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return errno_error(ErrorCode::SpawnFailed, "no descriptor left for a dry run");
  }
  UniqueFd output{ends[0]};
  const UniqueFd input{ends[1]};

  std::vector<std::string> arguments = command_line(next, kMemoryFd);
  arguments.emplace_back(kDryRunOption);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, input.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, input.get(), STDERR_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, memory, kMemoryFd);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, kMemoryFd + 1);
  pid_t pid = -1;
  errno = ::posix_spawn(&pid, next.path.c_str(), &actions, nullptr,
                        argument_pointers(arguments).data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (errno != 0) return errno_error(ErrorCode::SpawnFailed, "cannot start " + next.path);

  UniqueFd pidfd{::pidfd_open(pid, 0)};
  if (!pidfd) {
    const Error failure = errno_error(ErrorCode::SpawnFailed, "no pidfd for a dry run");
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return failure;
  }
  try {
    std::unique_ptr<DryRun> run{
        new DryRun{loop, pid, std::move(pidfd), std::move(output), std::move(done), limit}};
    run->wait();
    return run;
  } catch (const boost::system::system_error& error) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return Error{ErrorCode::SpawnFailed,
                 std::string{"the event loop cannot watch a dry run: "} + error.what(),
                 {}};
  }
}

DryRun::DryRun(boost::asio::io_context& loop, pid_t pid, UniqueFd pidfd, UniqueFd output,
               std::function<void(Result<std::string>)> done, std::chrono::milliseconds limit)
    : pid_{pid},
      pidfd_{std::move(pidfd)},
      output_{std::move(output)},
      done_{std::move(done)},
      exit_wait_{loop, pidfd_.get()},
      deadline_{loop, limit} {}

DryRun::~DryRun() {
  if (reaped_) return;
  ::kill(pid_, SIGKILL);
  reap();
}

void DryRun::wait() {
  // Both are ours and are cancelled before we end.
  exit_wait_.async_readable([this](const boost::system::error_code& failure) {
    if (failure || reaped_) return;
    reap();
    finish(outcome());
  });
  deadline_.async_wait([this](const boost::system::error_code& failure) {
    if (failure || reaped_) return;
    ::kill(pid_, SIGKILL);
    reap();
    finish(
        Error{ErrorCode::Timeout, "the next program did not say in time whether it can go on", {}});
  });
}

void DryRun::reap() noexcept {
  reaped_ = true;
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0) {
    if (errno != EINTR) return;
  }
  if (WIFEXITED(status)) status_ = WEXITSTATUS(status);
}

void DryRun::finish(const Result<std::string>& outcome) {
  deadline_.cancel();
  // A copy: this may be destroyed in the call.
  const auto done = done_;
  done(outcome);
}

Result<std::string> DryRun::outcome() const {
  // What fits a pipe was written before it ended; the rest is of no interest.
  std::array<char, kDryRunTextBytes> buffer{};
  const ssize_t got = ::read(output_.get(), buffer.data(), buffer.size());
  std::string text{buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
  while (text.ends_with('\n')) text.pop_back();
  text = printable_text(text, kDryRunTextBytes);
  // One that says nothing has not understood what it was asked.
  if (status_ == 0 && !text.empty()) return text;
  return Error{ErrorCode::Unavailable,
               "the next program cannot go on: " + (text.empty() ? "it says nothing" : text),
               {}};
}

}  // namespace bulkhead::supervisor
