#include "supervisor/hub/hub.hpp"
#include "ipc/result_text.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/clock.hpp"
#include "supervisor/hub/detection_forms.hpp"
#include "supervisor/hub/notification.hpp"

namespace bulkhead::supervisor {

Hub::Subscription::Subscription(Subscription&& other) noexcept
    : hub_{std::exchange(other.hub_, nullptr)}, key_{other.key_} {}

Hub::Subscription& Hub::Subscription::operator=(Subscription&& other) noexcept {
  if (this != &other) {
    leave();
    hub_ = std::exchange(other.hub_, nullptr);
    key_ = other.key_;
  }
  return *this;
}

Hub::Subscription::~Subscription() { leave(); }

void Hub::Subscription::leave() noexcept {
  if (hub_ != nullptr) hub_->remove(key_);
  hub_ = nullptr;
}

std::size_t Hub::Subscription::replay(const std::map<SubscriptionId, ResumePoint>& points,
                                      std::size_t most) {
  return hub_->replay(hub_->entry(key_), points, most);
}

void Hub::Subscription::catch_up() { hub_->catch_up(hub_->entry(key_)); }

Hub::Entry& Hub::entry(std::uint64_t key) noexcept {
  return *std::ranges::lower_bound(streams_, key, {}, &Entry::key);
}

void Hub::remove(std::uint64_t key) noexcept {
  Entry& gone = entry(key);
  for (const ipc::PriorityClass priority : ipc::kAllPriorityClasses) {
    dropped_by_gone_total_[ipc::index_of(priority)] +=
        gone.stream->outbox().dropped_total(priority);
  }
  streams_.erase(streams_.begin() + (&gone - streams_.data()));
}

Hub::Queued Hub::queued() const {
  Queued queued{.dropped_total = dropped_by_gone_total_,
                .load = budget_.load(),
                .pressure = budget_.pressure(),
                .streams_ended_total = streams_ended_total_};
  for (const Entry& entry : streams_) {
    const Stream* const stream = entry.stream.get();
    const Outbox& outbox = stream->outbox();
    queued.messages += outbox.messages();
    queued.bytes += outbox.bytes();
    ++queued.streams_by_status[static_cast<std::size_t>(stream->status())];
    for (const ipc::PriorityClass priority : ipc::kAllPriorityClasses) {
      queued.dropped_total[ipc::index_of(priority)] += outbox.dropped_total(priority);
    }
  }
  queued.memory_bytes = budget_.memory_bytes(held());
  return queued;
}

Hub::Subscription Hub::add(std::shared_ptr<Stream> stream) {
  const std::uint64_t key = next_key_++;
  for (const auto& [session, name] : names_) {
    if (!stream->wants_session(session)) continue;
    stream->cursor().begin(name, {history_.last(session), alerts_.last(session)});
  }
  streams_.push_back({.key = key, .stream = std::move(stream)});
  return {*this, key};
}

bool Hub::wants_results(const SubscriptionId& session) const {
  return std::ranges::any_of(streams_, [&](const Entry& entry) {
    const Stream& stream = *entry.stream;
    const bool wants = stream.filter().detections || stream.filter().events;
    return wants && stream.wants_session(session);
  });
}

void Hub::publish(const ResultEvent& event) {
  ++messages_total_;
  const std::int64_t now_ns = monotonic_ns();
  if (event.detection.patch_of == 0) {
    const std::chrono::nanoseconds age{ipc::age_ns(event.detection, now_ns)};
    latencies_[event.session].observe(age);
  }

  const ByName::Name& session = shared_name(event.session);
  history_.add(event, now_ns);
  DetectionForms forms{event, budget_, now_ns};
  for (const Entry& entry : streams_) {
    Stream& stream = *entry.stream;
    if (!stream.filter().detections || !stream.wants_session(event.session)) continue;
    if (auto item = forms.item_for(stream.filter(), session)) offer(stream, *std::move(item));
  }
  look_at_load(now_ns);
}

void Hub::publish(const StateEvent& event) {
  ++messages_total_;
  const OutboxItem item{.priority = ipc::PriorityClass::Control,
                        .is_state = true,
                        .payload = budget_.message(kSessionStateMethod, state_tail(event)),
                        .session = shared_name(event.session),
                        .generation = event.generation,
                        .sequence = 0,
                        .at_ns = monotonic_ns()};
  for (const Entry& entry : streams_) {
    Stream& stream = *entry.stream;
    if (stream.filter().states && stream.wants_session(event.session)) stream.offer(item);
  }
  if (event.removed) forget(event.session);
}

void Hub::forget(const SubscriptionId& session) {
  const ByName::Name name = shared_name(session);
  for (Entry& entry : streams_) {
    entry.behind.erase(session);
    entry.stream->cursor().forget(name);
  }
  latencies_.erase(session);
  history_.forget(session);
  alerts_.forget(session);
  names_.erase(session);
}

void Hub::publish(const GapEvent& event) {
  ++messages_total_;
  const OutboxGap gap{.session = shared_name(event.session),
                      .generation = event.generation,
                      .priority = event.gap.priority,
                      .reason = event.why == GapEvent::Why::TtlExpired ? GapReason::Expired
                                                                       : GapReason::WorkerQueueFull,
                      .from = event.gap.from,
                      .to = event.gap.to,
                      .count = event.gap.count};
  for (const Entry& entry : streams_) {
    Stream& stream = *entry.stream;
    const bool wants = stream.filter().detections || stream.filter().events;
    if (wants && stream.wants_session(event.session)) stream.offer_gap(gap);
  }
}

void Hub::publish(const AlertEvent& event) {
  ++messages_total_;
  const std::int64_t now_ns = monotonic_ns();
  const ByName::Name& session = shared_name(event.session);
  const Sequence number = alerts_.add(event, now_ns);
  const OutboxItem item{.priority = ipc::PriorityClass::Critical,
                        .payload = budget_.message(kSystemAlertMethod, alert_tail(event, number)),
                        .session = session,
                        .generation = event.generation,
                        .sequence = number,
                        .at_ns = now_ns};
  for (const Entry& entry : streams_) {
    Stream& stream = *entry.stream;
    if (!stream.filter().alerts || !stream.wants_session(event.session)) continue;
    // One that is behind comes to it in its order.
    if (!entry.behind.contains(event.session)) stream.offer(item);
  }
  look_at_load(now_ns);
}

void Hub::publish(const SceneEvent& event) {
  ++messages_total_;
  ++scene_events_total_[static_cast<std::size_t>(event.event.kind)];
  const std::int64_t now_ns = monotonic_ns();
  const ByName::Name& session = shared_name(event.session);
  const bool is_critical = event.priority == ipc::PriorityClass::Critical;
  SceneEvent told = event;
  if (is_critical) told.sequence = alerts_.add(event, now_ns);
  const OutboxItem item{.priority = event.priority,
                        .is_event = true,
                        .payload = budget_.message(kEventMethod, event_tail(told)),
                        .session = session,
                        .generation = event.generation,
                        .sequence = told.sequence,
                        .at_ns = now_ns};
  for (const Entry& entry : streams_) {
    Stream& stream = *entry.stream;
    if (!keeps(stream.filter(), event) || !stream.wants_session(event.session)) continue;
    // One that is behind with what is CRITICAL comes to it in its order.
    if (!is_critical || !entry.behind.contains(event.session)) stream.offer(item);
  }
  look_at_load(now_ns);
}

const ByName::Name& Hub::shared_name(const SubscriptionId& session) {
  ByName::Name& name = names_[session];
  if (name != nullptr) return name;
  name = std::make_shared<const SubscriptionId>(session);
  for (const Entry& entry : streams_) {
    if (!entry.stream->wants_session(session)) continue;
    entry.stream->cursor().begin(name, {history_.last(session), alerts_.last(session)});
  }
  return name;
}

SessionEvents Hub::events() {
  return {.result = [this](const ResultEvent& event) { publish(event); },
          .state = [this](const StateEvent& event) { publish(event); },
          .gap = [this](const GapEvent& event) { publish(event); },
          .alert = [this](const AlertEvent& event) { publish(event); },
          .scene = [this](const SceneEvent& event) { publish(event); },
          .generation = {},
          .reverted = {},
          .demanded = [this](const SubscriptionId& session) { return wants_results(session); }};
}

}  // namespace bulkhead::supervisor
