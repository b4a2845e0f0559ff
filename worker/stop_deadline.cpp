#include "worker/stop_deadline.hpp"

#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <string_view>

namespace bulkhead::worker {

namespace {

std::atomic<int> exit_code{ipc::kExitOk};
static_assert(std::atomic<int>::is_always_lock_free, "read in a signal handler");

void leave(int) noexcept {
  constexpr std::string_view kSentence =
      "bulkhead-worker: the orderly stop took too long and was cut short\n";
  // Nothing can be done about a sentence that cannot be written.
  [[maybe_unused]] const ssize_t written =
      ::write(STDERR_FILENO, kSentence.data(), kSentence.size());
  ::_exit(exit_code.load(std::memory_order_relaxed));
}

}  // namespace

void arm_stop_deadline(std::chrono::milliseconds limit, ipc::WorkerExit code) noexcept {
  exit_code.store(code, std::memory_order_relaxed);
  struct sigaction action {};
  action.sa_handler = leave;
  ::sigaction(SIGALRM, &action, nullptr);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(limit);
  itimerval timer{};
  timer.it_value.tv_sec = seconds.count();
  timer.it_value.tv_usec = std::chrono::microseconds{limit - seconds}.count();
  ::setitimer(ITIMER_REAL, &timer, nullptr);
}

}  // namespace bulkhead::worker
