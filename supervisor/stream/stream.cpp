#include "supervisor/stream/stream.hpp"

#include <algorithm>
#include <utility>

#include "common/clock.hpp"

namespace bulkhead::supervisor {

namespace {

// Untold changes of one stream: its whole way from CONNECTED to CLOSED.
constexpr std::size_t kUntoldChanges = 5;

bool is_detection(const OutboxItem& item) noexcept {
  return !item.is_event && (item.priority == ipc::PriorityClass::Important ||
                            item.priority == ipc::PriorityClass::Bulk);
}

}  // namespace

std::string_view name_of(StreamStatus status) noexcept {
  switch (status) {
    case StreamStatus::Connected:
      return "CONNECTED";
    case StreamStatus::Backpressure:
      return "BACKPRESSURE";
    case StreamStatus::SlowConsumer:
      return "SLOW_CONSUMER";
    case StreamStatus::Throttled:
      return "THROTTLED";
    case StreamStatus::Closed:
      return "CLOSED";
  }
  return {};
}

Stream::Stream(std::string id, StreamFilter filter, std::function<void()> wake, OutboxLimits limits,
               StreamPolicy policy)
    : id_{std::move(id)},
      filter_{std::move(filter)},
      policy_{policy},
      wake_{std::move(wake)},
      outbox_{limits, policy} {
  if (policy_.max_rate > 0) limit_rate(policy_.max_rate);
}

bool Stream::wants_session(const SubscriptionId& session) const {
  return filter_.scope.covers(session) &&
         (filter_.sessions.empty() || filter_.sessions.contains(session));
}

void Stream::offer(OutboxItem item) {
  if (is_detection(item) && is_over_rate(item)) {
    ++offered_total_;
    const bool was_idle = is_idle();
    // Told with what passes next: a message for each that does not pass would be no limit.
    const Outbox::Offer outcome = outbox_.refuse(item, GapReason::RateLimit);
    keeps_for_next_ = was_idle;
    constexpr bool kWasIdle = false;
    return settle(kWasIdle, outcome);
  }
  put(std::move(item));
}

void Stream::replay(OutboxItem item) { put(std::move(item)); }

void Stream::put(OutboxItem item) {
  ++offered_total_;
  const bool was_idle = is_idle();
  const Outbox::Offer outcome = outbox_.offer(std::move(item));
  settle(was_idle, outcome);
  follow_pressure();
}

void Stream::offer_gap(const OutboxGap& gap) {
  const bool was_idle = is_idle();
  settle(was_idle, outbox_.offer_gap(gap));
}

void Stream::refuse(const OutboxItem& item, GapReason reason) {
  ++offered_total_;
  const bool was_idle = is_idle();
  settle(was_idle, outbox_.refuse(item, reason));
}

void Stream::give_up() {
  outbox_.clear();
  settle(is_idle(), Outbox::Offer::Overflow);
}

void Stream::give_up(ipc::PriorityClass priority) {
  const bool was_idle = is_idle();
  const bool gaps_told = outbox_.give_up(priority, GapReason::MemoryBudget);
  settle(was_idle, gaps_told ? Outbox::Offer::Dropped : Outbox::Offer::Overflow);
}

bool Stream::is_over_rate(const OutboxItem& item) {
  if (item.at_ns - second_began_ns_ >= kNsPerSecond) {
    const bool is_next = item.at_ns - second_began_ns_ < 2 * kNsPerSecond;
    offered_last_second_ = is_next ? offered_this_second_ : 0;
    offered_this_second_ = 0;
    second_began_ns_ = item.at_ns;
  }
  ++offered_this_second_;
  return rate_ && !rate_->admits(item.session, item.at_ns);
}

void Stream::limit_rate(double per_second) {
  rate_limit_ = per_second;
  rate_.emplace(per_second);
}

void Stream::expire(std::int64_t now_ns) {
  // Too many gaps is an overflow as at any time; who takes is awake already.
  overflowed_ = !outbox_.expire(now_ns) || overflowed_;
}

std::optional<OutboxItem> Stream::take(std::int64_t now_ns) {
  auto taken = outbox_.take(now_ns);
  if (!taken) return taken;
  ++taken_;
  taken_bytes_ += taken->bytes();
  cursor_.advance(*taken);
  return taken;
}

std::vector<OutboxGap> Stream::take_gaps() {
  keeps_for_next_ = false;
  return outbox_.take_gaps();
}

std::vector<StreamStatusChange> Stream::take_status_changes() {
  return std::exchange(changes_, {});
}

void Stream::written(std::int64_t took_ns) {
  // Who has taken all there was is as fast as need be; only one that is behind shows how fast.
  drain_ = outbox_.empty() ? DrainMeter{} : drain_;
  if (!outbox_.empty()) drain_.add(taken_, took_ns);
  taken_ = 0;
  taken_bytes_ = 0;
  outbox_.adapt(drain_.per_second());
  follow_pressure();
}

void Stream::follow_pressure() {
  if (status_ != StreamStatus::Connected && status_ != StreamStatus::Backpressure) return;
  const bool pressed = outbox_.pressure() != Pressure::None;
  change_status(pressed ? StreamStatus::Backpressure : StreamStatus::Connected,
                pressed ? "its outbox fills" : "its outbox drains");
}

void Stream::throttle(std::int64_t now_ns) {
  if (status_ == StreamStatus::Closed) return;
  change_status(StreamStatus::SlowConsumer, "slow_writes");
  const bool is_recent = now_ns - second_began_ns_ < 2 * kNsPerSecond;
  auto rate =
      is_recent ? static_cast<double>(std::max(offered_last_second_, offered_this_second_)) : 0.0;
  if (rate_limit_ > 0) rate = std::min(rate_limit_, rate);
  limit_rate(std::max(rate / 2, limits::kLeastRate));
  change_status(StreamStatus::Throttled, "slow_writes");
}

void Stream::recover() {
  if (status_ != StreamStatus::Throttled) return;
  rate_.reset();
  rate_limit_ = 0;
  if (policy_.max_rate > 0) limit_rate(policy_.max_rate);
  change_status(StreamStatus::Connected, "recovered");
  follow_pressure();
}

void Stream::close(std::string_view reason) { change_status(StreamStatus::Closed, reason); }

void Stream::change_status(StreamStatus to, std::string_view reason) {
  if (to == status_ || status_ == StreamStatus::Closed) return;
  const bool was_idle = is_idle();
  if (changes_.size() < kUntoldChanges) {
    changes_.push_back({status_, to, reason});
  } else {
    changes_.back().to = to;
    changes_.back().reason = reason;
  }
  status_ = to;
  if (was_idle) wake();
}

void Stream::settle(bool was_idle, Outbox::Offer outcome) {
  // An overflow is told once; the owner closes the connection and needs no reminder.
  const bool newly_overflowed = outcome == Outbox::Offer::Overflow && !overflowed_;
  overflowed_ = overflowed_ || newly_overflowed;
  if ((was_idle && !empty()) || newly_overflowed) wake();
}

void Stream::wake() {
  keeps_for_next_ = false;
  wake_();
}

}  // namespace bulkhead::supervisor
