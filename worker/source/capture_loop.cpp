#include "worker/source/capture_loop.hpp"

#include <pthread.h>

#include <condition_variable>
#include <mutex>
#include <utility>

namespace bulkhead::worker {

namespace {

bool wait_unless_stopped(std::chrono::milliseconds delay, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any never_notified;
  std::unique_lock lock{mutex};
  never_notified.wait_for(lock, stop, delay, [] { return false; });
  return !stop.stop_requested();
}

RetryPolicy with_real_wait(RetryPolicy policy) {
  if (!policy.wait) policy.wait = wait_unless_stopped;
  return policy;
}

template <class... Arguments>
void tell(const std::function<void(Arguments...)>& listener,
          const std::type_identity_t<Arguments>&... arguments) {
  if (listener) listener(arguments...);
}

}  // namespace

CaptureLoop::CaptureLoop(std::unique_ptr<FrameSource> source, FrameRing& ring,
                         CaptureCounters& counters, CaptureEvents events, RetryPolicy policy)
    : source_{std::move(source)},
      counters_{counters},
      events_{std::move(events)},
      policy_{with_real_wait(std::move(policy))},
      outlet_{ring, counters, events_.first_frame, events_.session_changed},
      transient_{policy_.transient.first, policy_.transient.longest, policy_.seed},
      permanent_{policy_.permanent.first, policy_.permanent.longest, policy_.seed},
      lockout_{policy_.lockout.first, policy_.lockout.longest, policy_.seed},
      thread_{[this](const std::stop_token& stop) { run(stop); }} {}

CaptureLoop::~CaptureLoop() {
  request_stop();
  join();
}

void CaptureLoop::join() {
  if (thread_.joinable()) thread_.join();
}

void CaptureLoop::run(const std::stop_token& stop) {
  ::pthread_setname_np(::pthread_self(), "source");
  if (policy_.prepare) policy_.prepare(stop);
  while (!stop.stop_requested()) {
    counters_.attempts_total.fetch_add(1, std::memory_order_relaxed);
    outlet_.begin_attempt();
    tell(events_.connecting);

    const Result<> ended = source_->run_once(outlet_, stop);
    if (ended) return;
    const Error& error = ended.error();
    if (error.code == ErrorCode::WorkerHung) return tell(events_.stuck, error);
    if (stop.stop_requested()) return;
    if (error.code == ErrorCode::EndOfStream && source_->is_finite()) return tell(events_.finished);

    const std::chrono::milliseconds delay = delay_after(error);
    tell(events_.lost, error, delay);
    if (!policy_.wait(delay, stop)) return;
    if (policy_.may_connect && !policy_.may_connect(stop)) return;
  }
}

std::chrono::milliseconds CaptureLoop::delay_after(const Error& error) {
  if (outlet_.good_time() >= policy_.good_frames) {
    transient_.reset();
    permanent_.reset();
    lockout_.reset();
  }
  if (error.code == ErrorCode::AuthFailed) return lockout_.next();
  if (persistence_of(error.code) == Persistence::Permanent) return permanent_.next();
  return transient_.next();
}

}  // namespace bulkhead::worker
