#include "supervisor/stream/outbox.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
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
  switch (reason) {
    case GapReason::SlowClient:
      return "slow_client";
    case GapReason::WorkerQueueFull:
      return "worker_queue_full";
    case GapReason::History:
      return "history";
  }
  return {};
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
    if (supersede_state(index)) return Offer::DroppedOldest;
    // The newcomer leaves again, so that the bound holds while the owner closes the connection.
    pop(index, std::prev(queue.items.end()));
    return Offer::Overflow;
  }
  bool gap_told = true;
  while (over_limit(index)) gap_told = drop(index, queue.items.begin()) && gap_told;
  return gap_told ? Offer::DroppedOldest : Offer::Overflow;
}

bool Outbox::supersede_state(std::size_t index) {
  auto& items = queues_[index].items;
  const OutboxItem& newest = items.back();
  if (!newest.is_state || newest.session == nullptr) return false;
  const auto older = std::find_if(items.begin(), std::prev(items.end()), [&](const auto& item) {
    return item.is_state && item.session != nullptr && *item.session == *newest.session;
  });
  if (older == std::prev(items.end())) return false;
  return drop(index, older) && !over_limit(index);
}

bool Outbox::drop(std::size_t index, std::deque<OutboxItem>::iterator item) {
  const OutboxItem dropped = pop(index, item);
  ++dropped_total_[index];
  return offer_gap({.session = dropped.session,
                    .generation = dropped.generation,
                    .priority = dropped.priority,
                    .reason = GapReason::SlowClient,
                    .from = dropped.sequence,
                    .to = dropped.sequence,
                    .count = 1}) != Offer::Overflow;
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
    return pop_first(static_cast<std::size_t>(std::distance(lowest, queues_.rend())) - 1);
  }
  const auto highest = std::find_if(queues_.begin(), queues_.end(), has_item);
  return pop_first(static_cast<std::size_t>(std::distance(queues_.begin(), highest)));
}

std::vector<OutboxGap> Outbox::take_gaps() { return std::exchange(gaps_, {}); }

std::optional<ipc::PriorityClass> Outbox::top() const noexcept {
  for (const ipc::PriorityClass priority : ipc::kAllPriorityClasses) {
    if (!queues_[ipc::index_of(priority)].items.empty()) return priority;
  }
  return std::nullopt;
}

OutboxItem Outbox::pop_first(std::size_t index) { return pop(index, queues_[index].items.begin()); }

OutboxItem Outbox::pop(std::size_t index, std::deque<OutboxItem>::iterator item) {
  Queue& queue = queues_[index];
  OutboxItem taken = std::move(*item);
  queue.items.erase(item);
  const std::size_t size = taken.payload->params_tail.size();
  queue.bytes -= size;
  bytes_ -= size;
  --messages_;
  return taken;
}

}  // namespace bulkhead::supervisor
