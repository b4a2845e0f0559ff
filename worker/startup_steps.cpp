#include "worker/startup_steps.hpp"

#include <spdlog/logger.h>

#include <algorithm>
#include <utility>

#include "common/clock.hpp"
#include "common/thread_cpu.hpp"

namespace bulkhead::worker {

StartupSteps::StartupSteps() : main_ns_{monotonic_ns()} {
  early_.push_back({"main", main_ns_, thread_cpu_ns()});
}

void StartupSteps::step(std::string_view name) {
  Step step{std::string{name}, monotonic_ns(), thread_cpu_ns()};
  const MutexLock lock{mutex_};
  if (std::find(seen_.begin(), seen_.end(), name) != seen_.end()) return;
  seen_.emplace_back(name);
  if (log_) return write(step);
  early_.push_back(std::move(step));
}

void StartupSteps::log_to(std::shared_ptr<spdlog::logger> log) {
  const MutexLock lock{mutex_};
  log_ = std::move(log);
  for (const Step& step : std::exchange(early_, {})) write(step);
}

void StartupSteps::write(const Step& step) {
  log_->info("startup step={} since_main_ms={:.1f} thread_cpu_ms={:.1f} at_ns={}", step.name,
             to_ms(step.at_ns - main_ns_), to_ms(step.thread_cpu_ns), step.at_ns);
}

}  // namespace bulkhead::worker
