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

using ipc::PriorityClass;

}  // namespace

ResultPublisher::ResultPublisher(const ipc::ShmSegment& segment, int doorbell_fd, ExitRequest& exit)
    : status_{segment.status()}, exit_{exit}, producer_{segment, doorbell_fd} {}

void ResultPublisher::publish(PriorityClass priority, ipc::RecordBody body) {
  const MutexLock lock{mutex_};
  send_pending();
  if (priority == PriorityClass::Control || priority == PriorityClass::Critical) {
    keep_or_send(priority, std::move(body));
  } else {
    send_or_drop(priority, std::move(body));
  }
}

bool ResultPublisher::flush() {
  const MutexLock lock{mutex_};
  const bool all_sent = send_pending();
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
    if (priority == PriorityClass::Bulk && bulk_paused()) continue;
    const ipc::Gap gap{priority, loss.from, loss.to, loss.count};
    loss = {};
    keep_or_send(PriorityClass::Control, gap);
  }
}

void ResultPublisher::keep_or_send(PriorityClass priority, ipc::RecordBody body) {
  ipc::Record record{.body = std::move(body)};
  auto& pending = pending_[index_of(priority)];
  if (pending.empty()) {
    if (producer_.try_publish(priority, record)) return count_published();
  } else {
    producer_.number(record);  // a shorter one must not overtake those that wait
  }
  if (pending.size() == limits::kPendingRecords) {
    status_.results_dropped_total[index_of(priority)].fetch_add(1, ipc::kCounterOrder);
    return exit_.request(ipc::kExitInternal);
  }
  pending.push_back(std::move(record));
}

void ResultPublisher::send_or_drop(PriorityClass priority, ipc::RecordBody body) {
  constexpr std::int64_t kTtlNs = std::chrono::nanoseconds{limits::kBulkTtl}.count();
  const bool bulk = priority == PriorityClass::Bulk;
  ipc::Record record{.deadline_ns = bulk ? monotonic_ns() + kTtlNs : 0, .body = std::move(body)};
  if (bulk && bulk_paused()) {
    producer_.number(record);  // the reader sees the hole and learns its reason from the gap
  } else if (producer_.try_publish(priority, record)) {
    count_published();
    return send_gaps();
  }
  Loss& loss = losses_[index_of(priority)];
  if (loss.count == 0) loss.from = record.sequence;
  loss.to = record.sequence;
  ++loss.count;
  status_.results_dropped_total[index_of(priority)].fetch_add(1, ipc::kCounterOrder);
}

bool ResultPublisher::bulk_paused() {
  const double pressure = std::max(producer_.occupancy(PriorityClass::Important),
                                   producer_.occupancy(PriorityClass::Bulk));
  bulk_paused_ = pressure >= (bulk_paused_ ? kResumeBelow : kPauseAt);
  return bulk_paused_;
}

void ResultPublisher::count_published() noexcept {
  status_.results_published_total.fetch_add(1, ipc::kCounterOrder);
}

}  // namespace bulkhead::worker
