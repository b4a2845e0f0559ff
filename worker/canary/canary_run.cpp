#include "worker/canary/canary_run.hpp"

#include <pthread.h>
#include <sys/resource.h>

#include <exception>
#include <utility>

#include "common/canary_limits.hpp"
#include "common/clock.hpp"
#include "common/thread_cpu.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::int64_t kNsPerUs = 1000;

void run_canary_behind_others() {
  constexpr int kNice = 10;  // a tenth of the processor time of an ordinary thread beside it
  ::pthread_setname_np(::pthread_self(), "canary");
  ::setpriority(PRIO_PROCESS, 0, kNice);  // on Linux: of this thread and those that an engine makes
}

}  // namespace

void CanaryRun::work() {
  run_canary_behind_others();
  try {
    load_and_look();
  } catch (const std::exception& exception) {  // a library's, or no memory
    fail({ErrorCode::Internal, std::string{"exception in the canary: "} + exception.what(), {}});
  }
  {
    const std::lock_guard lock{mutex_};
    ended_ = true;
  }
  changed_.notify_all();
}

void CanaryRun::load_and_look() {
  {
    const std::lock_guard lock{mutex_};
    busy_since_ns_ = monotonic_ns();
  }
  const auto candidate = std::exchange(load_, {})();
  if (!candidate) return fail(candidate.error());
  enter_running(candidate->sha256);
  while (const auto sample = next()) look_at(*candidate, *sample);
}

std::optional<CanarySample> CanaryRun::next() {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [this] { return stopped_ || offered_; });
  if (stopped_) return std::nullopt;
  busy_since_ns_ = monotonic_ns();
  return std::exchange(offered_, std::nullopt);
}

void CanaryRun::look_at(const CandidateModel& candidate, const CanarySample& sample) {
  const std::int64_t begin_ns = thread_cpu_ns();
  const auto found = candidate.detect(sample.frame);
  const std::int64_t candidate_ns = thread_cpu_ns() - begin_ns;
  if (!found) return fail(found.error());
  count(agreement_of(sample.boxes, *found), sample.cpu_ns, candidate_ns);
}

void CanaryRun::enter_running(const std::string& sha256) {
  const std::lock_guard lock{mutex_};
  if (stopped_) return;
  report_.phase = ipc::CanaryPhase::Running;
  report_.sha256 = sha256;
  busy_since_ns_ = 0;
}

void CanaryRun::count(const FrameAgreement& agreement, std::int64_t incumbent_ns,
                      std::int64_t candidate_ns) {
  const std::lock_guard lock{mutex_};
  busy_since_ns_ = 0;  // at once with the count: who has seen the count may offer the next
  ++report_.frames;
  if (agreement.boxes != 0) {
    ++report_.frames_with_objects;
    agreement_sum_ += agreement.f1();
  }
  incumbent_ns_ += incumbent_ns;
  candidate_ns_ += candidate_ns;
}

void CanaryRun::fail(const Error& error) {
  const std::lock_guard lock{mutex_};
  if (stopped_) return;
  report_.phase = ipc::CanaryPhase::Failed;
  report_.reason = error.code;
  report_.text = error.message;
  stopped_ = true;
  offered_.reset();
}

bool CanaryRun::wants_frame() {
  if (++passed_ < every_n_) return false;
  passed_ = 0;
  const std::lock_guard lock{mutex_};
  if (stopped_ || report_.phase != ipc::CanaryPhase::Running) return false;
  if (busy_since_ns_ == 0 && !offered_) return true;
  ++report_.frames_skipped;
  return false;
}

void CanaryRun::offer(CanarySample sample) {
  {
    const std::lock_guard lock{mutex_};
    if (stopped_) return;
    offered_ = std::move(sample);
  }
  changed_.notify_all();
}

void CanaryRun::stop() {
  {
    const std::lock_guard lock{mutex_};
    stopped_ = true;
    offered_.reset();
  }
  changed_.notify_all();
}

bool CanaryRun::has_ended(std::chrono::milliseconds patience) {
  std::unique_lock lock{mutex_};
  return changed_.wait_for(lock, patience, [this] { return ended_; });
}

ipc::CanaryReport CanaryRun::report(std::int64_t now_ns) {
  bool is_loading = false;
  std::int64_t busy_ns = 0;
  {
    const std::lock_guard lock{mutex_};
    is_loading = report_.phase == ipc::CanaryPhase::Loading;
    busy_ns = busy_since_ns_ == 0 ? 0 : now_ns - busy_since_ns_;
  }
  const std::chrono::nanoseconds limit =
      is_loading ? std::chrono::nanoseconds{limits::kCanaryLoadTime} : limits::kCanaryLookTime;
  if (busy_ns > limit.count()) {
    fail({ErrorCode::Timeout,
          is_loading ? "the candidate was not loaded in time"
                     : "the candidate does not come back from a frame",
          {}});
  }
  const std::lock_guard lock{mutex_};
  ipc::CanaryReport report = report_;
  if (report.frames_with_objects > 0) {
    report.agreement =
        static_cast<float>(agreement_sum_ / static_cast<double>(report.frames_with_objects));
  }
  report.incumbent_cpu_us = static_cast<std::uint64_t>(incumbent_ns_ / kNsPerUs);
  report.candidate_cpu_us = static_cast<std::uint64_t>(candidate_ns_ / kNsPerUs);
  return report;
}

}  // namespace bulkhead::worker
