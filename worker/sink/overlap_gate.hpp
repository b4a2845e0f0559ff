#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "common/sink_limits.hpp"
#include "worker/sink/gap_record.hpp"
#include "worker/sink/sink.hpp"

namespace bulkhead::worker {

/// Which of two workers of one session a frame's records come from, while both see the same frames:
/// the old one's up to a capture time, the new one's after it.
///
///   held     records are kept, at most limits::kHeldSinkRecords and from the latest
///            limits::kHeldSinkTime; which of them count is not known yet
///   begun    records pass whose frame was taken after the time that was given
///   ended    no record passes any more
///
/// A record's time is `time_ns`: both workers must have it from the same clock, the camera's or the
/// machine's. What belongs to the other worker is dropped silently, for it is not missing. Pure;
/// not for several threads at once.
class OverlapGate {
 public:
  enum class State { Held, Begun, Ended };

  explicit OverlapGate(State state) : state_{state} {}

  /// The record, if it counts already.
  [[nodiscard]] std::optional<SinkRecord> offer(SinkRecord record);

  struct Begun {
    std::vector<SinkRecord> records;  // of those held: what was taken after the given time
    Loss loss;  // of those that fell off: all, where the last was taken after it; else count 0
  };

  /// Nothing comes of it but from `held`.
  [[nodiscard]] Begun begin(std::int64_t after_capture_ns);

  /// Lets nothing pass any more. The capture time of the last record that passed; 0: there was
  /// none.
  std::int64_t end_after();

  [[nodiscard]] State state() const noexcept { return state_; }

 private:
  State state_;
  std::deque<SinkRecord> held_;
  Loss fallen_off_;
  std::optional<std::int64_t> after_ns_;  // records of this time and before are the other worker's
  std::int64_t last_passed_ns_ = 0;
};

}  // namespace bulkhead::worker
