#include "supervisor/upgrade/next_program.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <unistd.h>

#include <csignal>

#include "supervisor/process/argument_pointers.hpp"

namespace bulkhead::supervisor {

namespace {

constexpr unsigned kFirstDescriptor = 3;  // after those of the terminal

sigset_t stop_signals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGINT);
  return signals;
}

void keep_open(int descriptor) { ::fcntl(descriptor, F_SETFD, 0); }

}  // namespace

void close_all_on_exec() { ::close_range(kFirstDescriptor, ~0U, CLOSE_RANGE_CLOEXEC); }

void block_stop_signals() {
  const sigset_t signals = stop_signals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

void unblock_stop_signals() {
  const sigset_t signals = stop_signals();
  ::pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

std::vector<std::string> command_line(const NextProgram& next, int memory) {
  std::vector<std::string> arguments{next.path};
  arguments.insert(arguments.end(), next.arguments.begin(), next.arguments.end());
  arguments.insert(arguments.end(), {kInheritOption, std::to_string(memory)});
  return arguments;
}

Error become(const NextProgram& next, const Inheritance& inheritance, int memory) {
  std::vector<std::string> arguments = command_line(next, memory);
  // Libraries open descriptors of which we do not know whether they close them.
  close_all_on_exec();
  for (const int descriptor : inheritance.descriptors()) keep_open(descriptor);
  keep_open(memory);
  ::execve(next.path.c_str(), argument_pointers(arguments).data(), environ);
  Error failed = errno_error(ErrorCode::SpawnFailed, "cannot become " + next.path);
  close_all_on_exec();
  return failed;
}

}  // namespace bulkhead::supervisor
