#include "supervisor/stream/outbox.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace bulkhead::supervisor {

namespace {

constexpr std::uint64_t kStarvationTurn = 16;

constexpr bool is_droppable(ipc::PriorityClass priority) noexcept {
  return priority == ipc::PriorityClass::Important || priority == ipc::PriorityClass::Bulk;
}

bool same_run(const OutboxGap& a, const OutboxGap& b) noexcept {
  if (a.generation != b.generation || a.priority != b.priority || a.reason != b.reason) {
    return false;
  }
  if (a.session == nullptr || b.session == nullptr) return a.session == b.session;
  return *a.session == *b.session;
}

}  // namespace

std::string_view name_of(GapReason reason) noexcept {
  return reason == GapReason::SlowClient ? "slow_client" : "worker_queue_full";
}

bool Outbox::over_limit(std::size_t index) const noexcept {
  const bool is_control = index == ipc::index_of(ipc::PriorityClass::Control);
  const std::size_t most = is_control ? limits_.control_messages : limits_.messages;
  return queues_[index].items.size() > most || queues_[index].bytes > limits_.bytes;
}

Outbox::Offer Outbox::offer(OutboxItem item) {
  assert(item.payload != nullptr);
  const ipc::PriorityClass priority = item.priority;
  const std::size_t index = ipc::index_of(priority);
  const std::size_t size = item.payload->params_tail.size();

  Queue& queue = queues_[index];
  queue.items.push_back(std::move(item));
  queue.bytes += size;
  ++messages_;
  bytes_ += size;
  if (!over_limit(index)) return Offer::Queued;

  if (!is_droppable(priority)) {
    // The newcomer leaves again, so that the bound holds while the owner closes the connection.
    queue.items.pop_back();
    queue.bytes -= size;
    --messages_;
    bytes_ -= size;
    return Offer::Overflow;
  }

  Offer outcome = Offer::DroppedOldest;
  while (over_limit(index)) {
    const OutboxItem oldest = pop_front(index);
    ++dropped_total_[index];
    const OutboxGap gap{.session = oldest.session,
                        .generation = oldest.generation,
                        .priority = priority,
                        .reason = GapReason::SlowClient,
                        .from = oldest.sequence,
                        .to = oldest.sequence,
                        .count = 1};
    if (offer_gap(gap) == Offer::Overflow) outcome = Offer::Overflow;
  }
  return outcome;
}

Outbox::Offer Outbox::offer_gap(const OutboxGap& gap) {
  const auto run = std::find_if(gaps_.begin(), gaps_.end(),
                                [&](const OutboxGap& known) { return same_run(known, gap); });
  if (run != gaps_.end()) {
    run->from = std::min(run->from, gap.from);
    run->to = std::max(run->to, gap.to);
    run->count += gap.count;
    return Offer::Queued;
  }
  if (gaps_.size() >= limits_.gaps) return Offer::Overflow;
  gaps_.push_back(gap);
  return Offer::Queued;
}

std::optional<OutboxItem> Outbox::take() {
  if (messages_ == 0) return std::nullopt;
  ++taken_total_;
  const auto has_item = [](const Queue& queue) { return !queue.items.empty(); };
  if (taken_total_ % kStarvationTurn == 0) {
    const auto lowest = std::find_if(queues_.rbegin(), queues_.rend(), has_item);
    return pop_front(static_cast<std::size_t>(std::distance(lowest, queues_.rend())) - 1);
  }
  const auto highest = std::find_if(queues_.begin(), queues_.end(), has_item);
  return pop_front(static_cast<std::size_t>(std::distance(queues_.begin(), highest)));
}

std::vector<OutboxGap> Outbox::take_gaps() { return std::exchange(gaps_, {}); }

std::optional<ipc::PriorityClass> Outbox::top() const noexcept {
  for (const ipc::PriorityClass priority : ipc::kAllPriorityClasses) {
    if (!queues_[ipc::index_of(priority)].items.empty()) return priority;
  }
  return std::nullopt;
}

OutboxItem Outbox::pop_front(std::size_t index) {
  Queue& queue = queues_[index];
  OutboxItem item = std::move(queue.items.front());
  queue.items.pop_front();
  const std::size_t size = item.payload->params_tail.size();
  queue.bytes -= size;
  bytes_ -= size;
  --messages_;
  return item;
}

}  // namespace bulkhead::supervisor
