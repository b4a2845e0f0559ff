#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ipc/status_page.hpp"
#include "supervisor/session/session_limits.hpp"

namespace bulkhead::supervisor {

/// One reading of what a worker's loops say of themselves.
struct WorkerProgress {
  bool greeted = false;     // its hello was received
  bool has_camera = false;  // it claims so: frames are due
  ipc::Stage stage = ipc::Stage::Starting;
  std::int64_t stage_since_ns = 0;
  std::uint64_t frames_decoded_total = 0;
  std::uint64_t frames_inferred_total = 0;
  std::uint64_t frames_rested_total = 0;  // looked at and left, for nothing moved in them
  std::uint64_t results_published_total = 0;
  std::uint64_t infer_ns_total = 0;
  std::uint64_t control_ticks_total = 0;
};

/// Judges one worker by its progress: each stage has a limit, the control loop has one, and so
/// have frames of a camera that is said to be there. Waiting for a frame is no hang.
///
/// Pure: readings and monotonic time come in, a verdict comes out. What counts is how long a
/// number was *seen* to stand still: each observation adds at most twice the expected tick. So a
/// supervisor that was itself stopped, or a machine that slept, accuses nobody when it wakes.
///
/// An inference may take several times the mean of its predecessors before it is a hang, so that
/// a large model on a busy machine is not killed for being slow.
class ProgressWatchdog {
 public:
  struct Verdict {
    std::optional<std::string> hung;  // a sentence: where it hangs and for how long
    bool frames_missing = false;
  };

  explicit ProgressWatchdog(const WatchdogLimits& limits) : limits_{limits} {}

  [[nodiscard]] Verdict observe(std::int64_t now_ns, const WorkerProgress& seen);

 private:
  [[nodiscard]] std::optional<Millis> stage_limit(const WorkerProgress& seen) const;
  [[nodiscard]] Millis inference_limit(const WorkerProgress& seen) const;
  [[nodiscard]] std::optional<std::string> find_hang(const WorkerProgress& seen) const;

  WatchdogLimits limits_;
  std::optional<WorkerProgress> last_;
  std::int64_t last_ns_ = 0;
  // How long each was seen without a change, in nanoseconds.
  std::int64_t stage_silence_ns_ = 0;
  std::int64_t control_silence_ns_ = 0;
  std::int64_t frames_silence_ns_ = 0;
};

}  // namespace bulkhead::supervisor
