#include "worker/sink/overlap_gate.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/sink_limits.hpp"

namespace bulkhead::worker {

std::optional<SinkRecord> OverlapGate::offer(SinkRecord record) {
  if (state_ == State::Ended) return {};
  if (state_ == State::Held) {
    constexpr std::int64_t kHeldNs = std::chrono::nanoseconds{limits::kHeldSinkTime}.count();
    const std::int64_t oldest_ns = record.time_ns - kHeldNs;
    while (!held_.empty() &&
           (held_.size() == limits::kHeldSinkRecords || held_.front().time_ns < oldest_ns)) {
      fallen_off_.add(loss_of(held_.front(), GapReason::QueueFull));
      held_.pop_front();
    }
    held_.push_back(std::move(record));
    return {};
  }
  if (after_ns_ && record.time_ns <= *after_ns_) return {};
  last_passed_ns_ = std::max(last_passed_ns_, record.time_ns);
  return record;
}

OverlapGate::Begun OverlapGate::begin(std::int64_t after_capture_ns) {
  Begun begun;
  if (state_ != State::Held) return begun;
  state_ = State::Begun;
  after_ns_ = after_capture_ns;
  if (fallen_off_.count > 0 && fallen_off_.time_ns > after_capture_ns) begun.loss = fallen_off_;
  for (SinkRecord& record : std::exchange(held_, {})) {
    if (auto counts = offer(std::move(record))) begun.records.push_back(std::move(*counts));
  }
  return begun;
}

std::int64_t OverlapGate::end_after() {
  state_ = State::Ended;
  held_.clear();
  return last_passed_ns_;
}

}  // namespace bulkhead::worker
