#include "supervisor/session/waiting_events.hpp"

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

namespace bulkhead::supervisor {

namespace {

/// What is CRITICAL has overtaken the rest.
std::vector<WaitingEvents::Taken> in_order(std::vector<WaitingEvents::Taken> events) {
  std::ranges::stable_sort(events, {}, [](const auto& taken) { return taken.record.sequence; });
  return events;
}

}  // namespace

bool WaitingEvents::add(const Taken& event) {
  if (events_.size() >= limits::kWaitingEvents) return false;
  events_.push_back(event);
  return true;
}

std::vector<WaitingEvents::Taken> WaitingEvents::take(std::uint64_t frame_id) {
  std::vector<Taken> due;
  std::vector<Taken> rest;
  std::size_t seen = 0;
  for (std::size_t i = 0; i < events_.size(); ++i) {
    const bool is_due = std::get<ipc::Event>(events_[i].record.body).frame_id <= frame_id;
    if (!is_due && i < seen_) ++seen;
    (is_due ? due : rest).push_back(std::move(events_[i]));
  }
  events_ = std::move(rest);
  seen_ = seen;
  return in_order(std::move(due));
}

std::vector<WaitingEvents::Taken> WaitingEvents::take_left_over() {
  const auto end = events_.begin() + static_cast<std::ptrdiff_t>(seen_);
  std::vector<Taken> left{std::make_move_iterator(events_.begin()), std::make_move_iterator(end)};
  events_.erase(events_.begin(), end);
  seen_ = events_.size();
  return in_order(std::move(left));
}

std::vector<WaitingEvents::Taken> WaitingEvents::take_all() {
  seen_ = 0;
  return in_order(std::exchange(events_, {}));
}

}  // namespace bulkhead::supervisor
