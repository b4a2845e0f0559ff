#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/mutex.hpp"

namespace spdlog {
class logger;
}

namespace bulkhead::worker {

/// Writes one line per step of the start-up, and of the stop, to the log: `startup step=model
/// since_main_ms=… thread_cpu_ms=… at_ns=…`. `at_ns` is monotonic, so that a bench can count from
/// its own clock before the spawn; `thread_cpu_ms` is what the thread that came to the step has
/// computed since it exists, which says more than the time on a busy machine. Only the first step
/// of a name is one: later connections are no start-up. Steps before the log is open are kept and
/// written once it is. Called by any thread.
class StartupSteps {
 public:
  /// To be made first thing in main(): its time is the step "main", and its processor time is what
  /// the loader needed.
  StartupSteps();

  void step(std::string_view name);
  void log_to(std::shared_ptr<spdlog::logger> log);

 private:
  struct Step {
    std::string name;
    std::int64_t at_ns;
    std::int64_t thread_cpu_ns;
  };

  void write(const Step& step) BULKHEAD_REQUIRES(mutex_);

  const std::int64_t main_ns_;
  Mutex mutex_;
  std::vector<std::string> seen_ BULKHEAD_GUARDED_BY(mutex_);
  std::vector<Step> early_ BULKHEAD_GUARDED_BY(mutex_);
  std::shared_ptr<spdlog::logger> log_ BULKHEAD_GUARDED_BY(mutex_);
};

}  // namespace bulkhead::worker
