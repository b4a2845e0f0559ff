#include "worker/publish/result_publisher.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/clock.hpp"
#include "common/limits.hpp"

namespace bulkhead::worker {

namespace {

constexpr double kPauseAt = 0.8;
constexpr double kResumeBelow = 0.5;
constexpr double kStateBelow = 0.5;

using ipc::PriorityClass;

}  // namespace

ResultPublisher::ResultPublisher(const ipc::ShmSegment& segment, int doorbell_fd, ExitRequest& exit)
    : status_{segment.status()}, exit_{exit}, producer_{segment, doorbell_fd} {}

Sequence ResultPublisher::publish(PriorityClass priority, ipc::RecordBody body) {
  const MutexLock lock{mutex_};
  send_pending();
  if (priority == PriorityClass::Control || priority == PriorityClass::Critical) {
    return keep_or_send(priority, std::move(body));
  }
  look_at_pressure();
  return send_or_drop(priority, std::move(body));
}

bool ResultPublisher::takes_state() {
  const MutexLock lock{mutex_};
  return send_pending(PriorityClass::Control) &&
         producer_.occupancy(PriorityClass::Control) < kStateBelow;
}

bool ResultPublisher::flush() {
  const MutexLock lock{mutex_};
  const bool all_sent = send_pending();
  look_at_pressure();
  send_gaps();
  return all_sent;
}

bool ResultPublisher::send_pending() {
  const bool control = send_pending(PriorityClass::Control);
  const bool critical = send_pending(PriorityClass::Critical);
  return control && critical;
}

bool ResultPublisher::send_pending(PriorityClass priority) {
  auto& pending = pending_[index_of(priority)];
  while (!pending.empty()) {
    if (!producer_.try_republish(priority, pending.front())) return false;
    pending.pop_front();
    count_published();
  }
  return true;
}

void ResultPublisher::send_gaps() {
  for (const auto priority : {PriorityClass::Important, PriorityClass::Bulk}) {
    Loss& loss = losses_[index_of(priority)];
    if (loss.count == 0 || producer_.occupancy(priority) >= kResumeBelow) continue;
    if (priority == PriorityClass::Bulk && bulk_paused_) continue;
    const ipc::Gap gap{priority, loss.from, loss.to, loss.count};
    loss = {};
    keep_or_send(PriorityClass::Control, gap);
  }
}

Sequence ResultPublisher::keep_or_send(PriorityClass priority, ipc::RecordBody body) {
  ipc::Record record{.body = std::move(body)};
  auto& pending = pending_[index_of(priority)];
  if (pending.empty()) {
    if (producer_.try_publish(priority, record)) {
      count_published();
      return record.sequence;
    }
  } else {
    producer_.number(record);  // a shorter one must not overtake those that wait
  }
  if (pending.size() == limits::kPendingRecords) {
    status_.results_dropped_total[index_of(priority)].fetch_add(1, ipc::kCounterOrder);
    exit_.request(ipc::kExitInternal);
    return record.sequence;
  }
  const Sequence sequence = record.sequence;
  pending.push_back(std::move(record));
  return sequence;
}

Sequence ResultPublisher::send_or_drop(PriorityClass priority, ipc::RecordBody body) {
  const bool bulk = priority == PriorityClass::Bulk;
  const std::chrono::nanoseconds ttl{bulk ? limits::kBulkTtl : limits::kImportantTtl};
  ipc::Record record{.deadline_ns = monotonic_ns() + ttl.count(), .body = std::move(body)};
  if (bulk && bulk_paused_) {
    producer_.number(record);  // the reader sees the hole and learns its reason from the gap
  } else if (producer_.try_publish(priority, record)) {
    count_published();
    send_gaps();
    return record.sequence;
  }
  Loss& loss = losses_[index_of(priority)];
  if (loss.count == 0) loss.from = record.sequence;
  loss.to = record.sequence;
  ++loss.count;
  status_.results_dropped_total[index_of(priority)].fetch_add(1, ipc::kCounterOrder);
  return record.sequence;
}

void ResultPublisher::look_at_pressure() {
  const double pressure = std::max(producer_.occupancy(PriorityClass::Important),
                                   producer_.occupancy(PriorityClass::Bulk));
  const bool was_paused =
      std::exchange(bulk_paused_, pressure >= (bulk_paused_ ? kResumeBelow : kPauseAt));
  if (bulk_paused_ && !was_paused) status_.result_pauses_total.fetch_add(1, ipc::kCounterOrder);
  tell_pressure();
}

void ResultPublisher::tell_pressure() {
  if (bulk_paused_ == pause_told_) return;
  const std::int64_t now_ns = monotonic_ns();
  // An end is only told to a supervisor that has read what began: counted from there, it never sees
  // two begin closer than it allows, however long it slept.
  constexpr std::int64_t kPauseNs = std::chrono::nanoseconds{limits::kPressureAlertPause}.count();
  if (bulk_paused_ && resume_told_ns_ != 0 && now_ns - resume_told_ns_ < kPauseNs) return;
  if (!bulk_paused_) resume_told_ns_ = now_ns;
  pause_told_ = bulk_paused_;
  keep_or_send(PriorityClass::Control,
               ipc::Alert{.kind = ipc::AlertKind::ResultQueuePressure,
                          .active = bulk_paused_,
                          .text = bulk_paused_ ? "the supervisor reads results too slowly: those "
                                                 "without objects are left out"
                                               : "results are read in time again"});
}

void ResultPublisher::count_published() noexcept {
  status_.results_published_total.fetch_add(1, ipc::kCounterOrder);
}

}  // namespace bulkhead::worker
