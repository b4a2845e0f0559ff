#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>

#include "common/mutex.hpp"
#include "common/result.hpp"
#include "ipc/canary.hpp"
#include "worker/canary/canary_run.hpp"

namespace bulkhead::worker {

/// A second model beside the session's own: looks at every n-th frame that this one has looked at,
/// and counts how far both agree and what each costs. It tells nothing else and has no part in the
/// results.
///
/// Owned by Worker. The candidate has a thread of its own, `canary`, which loads it, runs behind
/// all others of the machine, and ends with it. One frame at a time: what comes while it is busy is
/// skipped and counted, so the detect thread never waits and one picture of the decoder is held at
/// most. Whatever goes wrong with the candidate, also that it does not come back from a frame, is
/// its end and no more; but it lives in this process, and by the memory limit of this worker.
class Canary {
 public:
  Canary() = default;
  Canary(const Canary&) = delete;
  Canary& operator=(const Canary&) = delete;
  ~Canary();  // a thread that has not ended is left to the end of the process

  // Of the control thread.

  /// Ends the one before. `load` is called on the candidate's thread. Unavailable while the one
  /// before has not come back from its model; LimitReached for lack of a thread.
  Result<> start(std::uint32_t every_n, CanaryRun::Load load);
  void stop();

  /// What is new, where it is time to tell it. Another phase always is; other figures of the same
  /// one wait, and add up, while `takes_figures` is false.
  [[nodiscard]] std::optional<ipc::CanaryReport> due_report(std::int64_t now_ns,
                                                            bool takes_figures);

  /// Stops it. False: its thread has not ended in time.
  [[nodiscard]] bool end(std::chrono::milliseconds limit);

  // Of the detect thread.

  /// Once for each inferred frame: whether this one is to be offered.
  [[nodiscard]] bool wants_frame();
  void offer(CanarySample sample);

 private:
  [[nodiscard]] std::shared_ptr<CanaryRun> run();

  std::atomic<bool> is_on_{false};  // a hint: frames without a canary take no lock
  Mutex mutex_;
  std::shared_ptr<CanaryRun> run_ BULKHEAD_GUARDED_BY(mutex_);  // null: stopped
  std::shared_ptr<CanaryRun> latest_;  // of the control thread, as what follows
  std::thread thread_;                 // of the latest
  ipc::CanaryReport reported_;
  std::int64_t reported_ns_ = 0;
};

}  // namespace bulkhead::worker
