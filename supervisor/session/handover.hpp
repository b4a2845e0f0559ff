#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "supervisor/session/session_limits.hpp"

namespace bulkhead::supervisor {

/// Decides, result by result, which of two workers of one camera speaks, so that a subscriber sees
/// every frame once and in order while the new one takes over from the old.
///
/// Both see the same frames. Up to a boundary between two of them the old worker speaks, from there
/// on the new one. The boundary is drawn once the new worker has settled: a worker that has just
/// begun leaves out frames until it has worked off what came while it loaded. It is drawn by the
/// camera's own clock where both know it: two connections agree on that to far less than a frame.
/// Otherwise by time of arrival, which agrees as far as two processes are woken alike.
///
/// Pure: time comes in as monotonic nanoseconds. One for each handover, owned by Session.
class Handover {
 public:
  /// When the picture of a result was taken.
  struct Stamp {
    std::int64_t camera_ns = 0;   // by the camera's clock; 0: not known
    std::int64_t arrival_ns = 0;  // monotonic
  };

  enum class Verdict {
    Publish,
    Hold,  // comes after results that the old worker still owes; keep it until `complete`
    Drop,  // the other worker tells this frame
  };

  /// Between two frames of the camera, and between two results of the old worker, which may leave
  /// frames out. 0: not known, as of a worker that has just begun; then what comes is measured.
  struct Intervals {
    std::int64_t frame_ns = 0;
    std::int64_t result_ns = 0;
  };

  /// What the change of workers has cost, counted in results of the old worker.
  struct Cost {
    std::uint64_t lost_frames = 0;
    std::uint64_t duplicate_frames = 0;
  };

  Handover(const HandoverLimits& limits, const Intervals& intervals);

  [[nodiscard]] Verdict of_old(const Stamp& stamp);
  [[nodiscard]] Verdict of_new(std::int64_t now_ns, const Stamp& stamp);

  /// The old worker has told all it had to, or its time for it is over.
  [[nodiscard]] bool complete(std::int64_t now_ns);

  /// The old worker will say nothing more, or no more results can be held.
  void force() noexcept;

  /// Known once the new worker has been published.
  [[nodiscard]] std::optional<Cost> cost() const;

 private:
  void measure(const Stamp& before, const Stamp& stamp);
  [[nodiscard]] std::int64_t usual_step() const;
  void settle_intervals();
  void watch_settling(std::int64_t now_ns, const Stamp& stamp);
  [[nodiscard]] bool has_settled(std::int64_t now_ns) const;
  void try_to_decide(std::int64_t now_ns);
  [[nodiscard]] bool is_past_boundary(const Stamp& stamp) const noexcept;
  [[nodiscard]] std::int64_t position(const Stamp& stamp) const noexcept;

  HandoverLimits limits_;
  Intervals intervals_;
  std::optional<Stamp> old_last_;  // published
  std::optional<Stamp> new_last_;
  std::optional<Stamp> new_first_published_;
  std::vector<std::int64_t> steps_ns_;      // between results, of either worker
  std::vector<std::int64_t> new_steps_ns_;  // of the new one, which may leave out more frames
  std::size_t row_ = 0;                     // of the new worker's results without a hole
  std::int64_t row_since_ns_ = 0;
  std::int64_t new_since_ns_ = 0;
  bool by_camera_ = false;
  std::optional<std::int64_t> boundary_;
  std::int64_t owed_until_ns_ = 0;
  bool complete_ = false;
};

}  // namespace bulkhead::supervisor
