#include "worker/canary/canary.hpp"

#include <system_error>
#include <utility>

#include "common/canary_limits.hpp"

namespace bulkhead::worker {

Canary::~Canary() {
  stop();
  if (thread_.joinable()) thread_.detach();
}

Result<> Canary::start(std::uint32_t every_n, CanaryRun::Load load) {
  if (!end(limits::kCanaryEndTime)) {
    return Error{ErrorCode::Unavailable,
                 "the candidate before is still at work and ends when it has done that; try again",
                 {}};
  }
  latest_ = std::make_shared<CanaryRun>(every_n, std::move(load));
  reported_ = {};
  try {
    thread_ = std::thread{[run = latest_] { run->work(); }};
  } catch (const std::system_error& error) {
    latest_.reset();
    return Error{ErrorCode::LimitReached, std::string{"no thread for it: "} + error.what(), {}};
  }
  const MutexLock lock{mutex_};
  run_ = latest_;
  is_on_.store(true, std::memory_order_relaxed);
  return {};
}

void Canary::stop() {
  is_on_.store(false, std::memory_order_relaxed);
  const MutexLock lock{mutex_};
  run_.reset();
  if (latest_) latest_->stop();
}

bool Canary::end(std::chrono::milliseconds limit) {
  stop();
  if (latest_ && !latest_->has_ended(limit)) return false;
  if (thread_.joinable()) thread_.join();
  latest_.reset();
  return true;
}

std::optional<ipc::CanaryReport> Canary::due_report(std::int64_t now_ns, bool takes_figures) {
  if (!run()) return std::nullopt;
  ipc::CanaryReport report = latest_->report(now_ns);
  const bool is_other_phase = report.phase != reported_.phase;
  const bool is_time =
      now_ns - reported_ns_ >= std::chrono::nanoseconds{limits::kCanaryReportPause}.count();
  const bool is_news =
      report.frames != reported_.frames || report.frames_skipped != reported_.frames_skipped;
  if (!is_other_phase && !(is_time && is_news && takes_figures)) return std::nullopt;
  reported_ = report;
  reported_ns_ = now_ns;
  return report;
}

bool Canary::wants_frame() {
  if (!is_on_.load(std::memory_order_relaxed)) return false;
  const auto now = run();
  return now && now->wants_frame();
}

void Canary::offer(CanarySample sample) {
  if (const auto now = run()) now->offer(std::move(sample));
}

std::shared_ptr<CanaryRun> Canary::run() {
  const MutexLock lock{mutex_};
  return run_;
}

}  // namespace bulkhead::worker
