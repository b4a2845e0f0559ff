#include "supervisor/stream/stream.hpp"

#include <utility>

namespace bulkhead::supervisor {

Stream::Stream(std::string id, StreamFilter filter, std::function<void()> wake, OutboxLimits limits)
    : id_{std::move(id)}, filter_{std::move(filter)}, wake_{std::move(wake)}, outbox_{limits} {}

bool Stream::wants_session(const SubscriptionId& session) const {
  return filter_.sessions.empty() || filter_.sessions.contains(session);
}

void Stream::offer(OutboxItem item) {
  ++offered_total_;
  const bool was_empty = outbox_.empty();
  settle(was_empty, outbox_.offer(std::move(item)));
}

void Stream::offer_gap(const OutboxGap& gap) {
  const bool was_empty = outbox_.empty();
  settle(was_empty, outbox_.offer_gap(gap));
}

void Stream::settle(bool was_empty, Outbox::Offer outcome) {
  // An overflow is told once; the owner closes the connection and needs no reminder.
  const bool newly_overflowed = outcome == Outbox::Offer::Overflow && !overflowed_;
  overflowed_ = overflowed_ || newly_overflowed;
  if (was_empty || newly_overflowed) wake_();
}

}  // namespace bulkhead::supervisor
