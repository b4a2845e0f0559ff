#include "supervisor/stream/outbox.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <iterator>
#include <set>
#include <utility>

namespace bulkhead::supervisor {

namespace {

using ipc::PriorityClass;

constexpr std::uint64_t kStarvationTurn = 16;
constexpr std::size_t kControl = ipc::index_of(PriorityClass::Control);

bool same_session(const std::shared_ptr<const SubscriptionId>& a,
                  const std::shared_ptr<const SubscriptionId>& b) noexcept {
  if (a == nullptr || b == nullptr) return a == b;
  return a == b || *a == *b;
}

/// From which pressure on a class that may give way does so.
constexpr Pressure threshold_of(PriorityClass priority) noexcept {
  return priority == PriorityClass::Bulk ? Pressure::Pressed : Pressure::Shedding;
}

double ratio(std::size_t part, std::size_t whole) noexcept {
  return static_cast<double>(part) / static_cast<double>(std::max<std::size_t>(whole, 1));
}

}  // namespace

Outbox::Offer Outbox::offer(OutboxItem item) {
  assert(item.payload != nullptr);
  const Pressure threshold = threshold_of(item.priority);
  switch (item.priority) {
    case PriorityClass::Control:
      return offer_control(std::move(item));
    case PriorityClass::Critical:
      return offer_critical(std::move(item));
    case PriorityClass::Important:
    case PriorityClass::Bulk:
      return offer_droppable(std::move(item), threshold);
  }
  return Offer::Queued;
}

Outbox::Offer Outbox::offer_control(OutboxItem item) {
  Offer outcome = Offer::Queued;
  if (!fits_control(item, limits_.control_messages)) {
    if (!item.is_state) return Offer::Overflow;
    while (states_.contains(item.session)) {
      if (!drop_state_of(item)) return Offer::Overflow;
      outcome = Offer::Dropped;
    }
    if (!fits_control(item, limits_.control_messages + limits_.control_sessions)) {
      return Offer::Overflow;
    }
  }
  push(std::move(item));
  return outcome;
}

Outbox::Offer Outbox::offer_critical(OutboxItem item) {
  Offer outcome = Offer::Queued;
  while (!fits(item)) {
    const bool has_bulk = messages(PriorityClass::Bulk) > 0;
    if (!has_bulk && messages(PriorityClass::Important) == 0) return Offer::Overflow;
    if (!drop_first(has_bulk ? PriorityClass::Bulk : PriorityClass::Important)) {
      return Offer::Overflow;
    }
    outcome = Offer::Dropped;
  }
  push(std::move(item));
  return outcome;
}

Outbox::Offer Outbox::offer_droppable(OutboxItem item, Pressure threshold) {
  bool gaps_told = expire(item.at_ns);
  const Pressure before = gauge_.level();
  const Pressure level = update_pressure(fill_with(1, item.bytes(), item.at_ns));
  if (before == Pressure::None && level != Pressure::None &&
      policy_.bulk.overflow == OverflowPolicy::Coalesce) {
    gaps_told = coalesce_bulk() && gaps_told;
  }
  if (level == Pressure::Shedding)
    gaps_told = give_up(PriorityClass::Bulk, GapReason::SlowClient) && gaps_told;
  if (!gaps_told) return Offer::Overflow;
  if (level < threshold) {
    push(std::move(item));
    return Offer::Queued;
  }
  // Where IMPORTANT is shed, there is no room for BULK whatever its policy.
  if (item.priority == PriorityClass::Bulk && level == Pressure::Shedding) {
    return refuse(item, GapReason::SlowClient);
  }
  return make_room(std::move(item), threshold);
}

Outbox::Offer Outbox::make_room(OutboxItem item, Pressure threshold) {
  const std::size_t index = ipc::index_of(item.priority);
  const ClassPolicy& policy = policy_.of(item.priority);
  const double most =
      threshold == Pressure::Shedding ? limits::kSheddingFrom : limits::kPressedFrom;
  switch (policy.overflow) {
    case OverflowPolicy::Error:
      return Offer::Overflow;
    case OverflowPolicy::DropNewest:
      return refuse(item, GapReason::SlowClient);
    case OverflowPolicy::Block:
      if (!may_block(policy, item)) return refuse(item, GapReason::SlowClient);
      push(std::move(item));
      return Offer::Queued;
    case OverflowPolicy::Coalesce:
      if (const auto older = waiting_of(item)) {
        if (!drop(index, *older, GapReason::SlowClient)) return Offer::Overflow;
        if (!fits(item)) return refuse(item, GapReason::SlowClient);
        push(std::move(item));
        return Offer::Dropped;
      }
      // The first of its session; while there is room for one of each.
      if (item.priority == PriorityClass::Bulk) {
        push(std::move(item));
        return Offer::Queued;
      }
      [[fallthrough]];
    case OverflowPolicy::DropOldest:
      break;
  }
  Offer outcome = Offer::Queued;
  while (messages(item.priority) > 0 && fill_with(1, item.bytes(), item.at_ns) >= most) {
    if (!drop_first(item.priority)) return Offer::Overflow;
    outcome = Offer::Dropped;
  }
  // The rest is of classes that do not give way to this one, or the newcomer alone is too large.
  if (fill_with(1, item.bytes(), item.at_ns) >= most && !fits(item)) {
    return refuse(item, GapReason::SlowClient);
  }
  push(std::move(item));
  return outcome;
}

bool Outbox::may_block(const ClassPolicy& policy, const OutboxItem& item) noexcept {
  std::int64_t& since_ns = blocked_since_ns_[ipc::index_of(item.priority)];
  if (since_ns == 0) since_ns = item.at_ns;
  const std::chrono::nanoseconds blocked{item.at_ns - since_ns};
  return blocked < policy.block_limit && fits(item);
}

Pressure Outbox::update_pressure(double fill) noexcept {
  const Pressure level = gauge_.update(fill);
  for (const PriorityClass priority : {PriorityClass::Important, PriorityClass::Bulk}) {
    if (level < threshold_of(priority)) blocked_since_ns_[ipc::index_of(priority)] = 0;
  }
  return level;
}

double Outbox::fill_with(std::size_t messages, std::size_t bytes,
                         std::int64_t now_ns) const noexcept {
  const Queue& control = queues_[kControl];
  double fill = ratio(messages_ - control.items.size() + messages, capacity_);
  fill = std::max(fill, ratio(bytes_ - control.bytes + bytes, limits_.bytes));
  for (const PriorityClass priority : {PriorityClass::Important, PriorityClass::Bulk}) {
    const auto& items = queues_[ipc::index_of(priority)].items;
    if (items.empty()) continue;
    const auto age = static_cast<double>(now_ns - items.front().at_ns);
    fill = std::max(fill, age / static_cast<double>(limits_.age.count()));
  }
  return fill;
}

bool Outbox::fits(const OutboxItem& item) const noexcept {
  const Queue& control = queues_[kControl];
  return messages_ - control.items.size() < limits_.messages &&
         bytes_ - control.bytes + item.bytes() <= limits_.bytes;
}

bool Outbox::fits_control(const OutboxItem& item, std::size_t most) const noexcept {
  return queues_[kControl].items.size() < most &&
         queues_[kControl].bytes + item.bytes() <= limits_.control_bytes;
}

std::optional<Outbox::Iterator> Outbox::waiting_of(const OutboxItem& newcomer) {
  auto& items = queues_[ipc::index_of(newcomer.priority)].items;
  const auto found = std::find_if(items.begin(), items.end(), [&](const OutboxItem& item) {
    return same_session(item.session, newcomer.session);
  });
  if (found == items.end()) return std::nullopt;
  return found;
}

void Outbox::push(OutboxItem item) {
  Queue& queue = queues_[ipc::index_of(item.priority)];
  const std::size_t size = item.bytes();
  if (item.is_state) ++states_[item.session];
  queue.items.push_back(std::move(item));
  queue.bytes += size;
  bytes_ += size;
  ++messages_;
}

bool Outbox::drop_state_of(const OutboxItem& newcomer) {
  auto& items = queues_[kControl].items;
  const auto older = std::find_if(items.begin(), items.end(), [&](const OutboxItem& item) {
    return item.is_state && same_session(item.session, newcomer.session);
  });
  assert(older != items.end());
  return drop(kControl, older, GapReason::SlowClient);
}

bool Outbox::coalesce_bulk() {
  constexpr std::size_t kBulk = ipc::index_of(PriorityClass::Bulk);
  auto& items = queues_[kBulk].items;
  std::set<SubscriptionId> newer;
  bool gaps_told = true;
  for (std::size_t i = items.size(); i-- > 0;) {
    const auto& session = items[i].session;
    if (session == nullptr || newer.insert(*session).second) continue;
    const auto item = items.begin() + static_cast<std::ptrdiff_t>(i);
    gaps_told = drop(kBulk, item, GapReason::SlowClient) && gaps_told;
  }
  return gaps_told;
}

bool Outbox::expire(std::int64_t now_ns) {
  if (policy_.time_to_live.count() == 0) return true;
  const bool important = expire(PriorityClass::Important, now_ns);
  return expire(PriorityClass::Bulk, now_ns) && important;
}

bool Outbox::expire(PriorityClass priority, std::int64_t now_ns) {
  const auto& items = queues_[ipc::index_of(priority)].items;
  const std::int64_t oldest_ns = now_ns - std::chrono::nanoseconds{policy_.time_to_live}.count();
  bool gaps_told = true;
  while (!items.empty() && items.front().at_ns < oldest_ns) {
    gaps_told = drop_first(priority, GapReason::Expired) && gaps_told;
  }
  return gaps_told;
}

bool Outbox::give_up(PriorityClass priority, GapReason reason) {
  bool gaps_told = true;
  while (messages(priority) > 0) gaps_told = drop_first(priority, reason) && gaps_told;
  return gaps_told;
}

void Outbox::clear() noexcept {
  for (Queue& queue : queues_) queue = {};
  states_.clear();
  messages_ = 0;
  bytes_ = 0;
}

bool Outbox::drop_first(PriorityClass priority, GapReason reason) {
  const std::size_t index = ipc::index_of(priority);
  return drop(index, queues_[index].items.begin(), reason);
}

bool Outbox::drop(std::size_t index, Iterator item, GapReason reason) {
  return refuse(pop(index, item), reason) != Offer::Overflow;
}

Outbox::Offer Outbox::refuse(const OutboxItem& item, GapReason reason) {
  ++dropped_total_[ipc::index_of(item.priority)];
  const Offer told = offer_gap({.session = item.session,
                                .generation = item.generation,
                                .priority = item.priority,
                                .reason = reason,
                                .from = item.sequence,
                                .to = item.sequence,
                                .count = 1});
  return told == Offer::Overflow ? Offer::Overflow : Offer::Dropped;
}

Outbox::Offer Outbox::offer_gap(const OutboxGap& gap) {
  return gaps_.add(gap) ? Offer::Queued : Offer::Overflow;
}

std::optional<OutboxItem> Outbox::take(std::int64_t now_ns) {
  if (messages_ == 0) return std::nullopt;
  ++taken_total_;
  const auto has_item = [](const Queue& queue) { return !queue.items.empty(); };
  const auto highest = std::find_if(queues_.begin(), queues_.end(), has_item);
  auto index = static_cast<std::size_t>(std::distance(queues_.begin(), highest));
  if (taken_total_ % kStarvationTurn == 0) {
    const auto lowest = std::find_if(queues_.rbegin(), queues_.rend(), has_item);
    index = static_cast<std::size_t>(std::distance(lowest, queues_.rend())) - 1;
  }
  OutboxItem taken = pop_first(index);
  if (gauge_.level() != Pressure::None) update_pressure(fill(now_ns));
  return taken;
}

std::vector<OutboxGap> Outbox::take_gaps() { return gaps_.take(); }

void Outbox::adapt(double drain_per_second) noexcept {
  if (!limits_.adapts) return;
  if (drain_per_second <= 0) {
    capacity_ = limits_.messages;
    return;
  }
  const auto most = static_cast<double>(limits_.messages);
  const double horizon = std::chrono::duration<double>{limits::kDrainHorizon}.count();
  const double read_in_time = drain_per_second * horizon;
  capacity_ =
      static_cast<std::size_t>(std::clamp(read_in_time, most * limits::kLeastCapacity, most));
}

std::optional<PriorityClass> Outbox::top() const noexcept {
  for (const PriorityClass priority : ipc::kAllPriorityClasses) {
    if (messages(priority) > 0) return priority;
  }
  return std::nullopt;
}

OutboxItem Outbox::pop_first(std::size_t index) {
  OutboxItem taken = std::move(queues_[index].items.front());
  queues_[index].items.pop_front();
  forget(index, taken);
  return taken;
}

OutboxItem Outbox::pop(std::size_t index, Iterator item) {
  OutboxItem taken = std::move(*item);
  queues_[index].items.erase(item);
  forget(index, taken);
  return taken;
}

void Outbox::forget(std::size_t index, const OutboxItem& taken) noexcept {
  const std::size_t size = taken.bytes();
  queues_[index].bytes -= size;
  bytes_ -= size;
  --messages_;
  if (!taken.is_state) return;
  if (const auto of_session = states_.find(taken.session); --of_session->second == 0) {
    states_.erase(of_session);
  }
}

}  // namespace bulkhead::supervisor
