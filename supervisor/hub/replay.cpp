// What a client that comes back has missed.

#include <algorithm>

#include "common/clock.hpp"
#include "supervisor/hub/detection_forms.hpp"
#include "supervisor/hub/hub.hpp"
#include "supervisor/hub/notification.hpp"

namespace bulkhead::supervisor {

namespace {

/// A position that nobody has reached is one of another supervisor's life.
ResultPosition reached(ResultPosition position, ResultPosition last) noexcept {
  return position > last ? ResultPosition{} : position;
}

}  // namespace

std::size_t Hub::replay(Entry& entry, const std::map<SubscriptionId, ResumePoint>& points,
                        std::size_t most) {
  Stream& stream = *entry.stream;
  const HeldByStreams held = this->held();
  std::size_t replayed = 0;
  for (const auto& [session, given] : points) {
    const auto known = names_.find(session);
    if (known == names_.end() || !stream.wants_session(session)) continue;
    const ByName::Name& name = known->second;
    const ResumePoint point{.result = reached(given.result, history_.last(session)),
                            .alert = reached(given.alert, alerts_.last(session))};
    stream.cursor().begin(name, point);
    if (stream.filter().alerts || stream.filter().events) {
      constexpr std::size_t kOnlyCounted = 0;
      if (const auto since = alerts_.since(session, point.alert, kOnlyCounted); since.left > 0) {
        entry.behind.insert_or_assign(session, point.alert);
        replayed += since.left;
      }
    }
    if (stream.filter().detections) {
      replayed += replay_results(stream, name, point.result, most / points.size(), held);
    }
  }
  catch_up(entry);
  return replayed;
}

void Hub::catch_up(Entry& entry) {
  Stream& stream = *entry.stream;
  while (!entry.behind.empty()) {
    const std::size_t room = room_for_alerts(stream);
    if (room == 0) return;
    auto& [session, position] = *entry.behind.begin();
    const AlertHistory::Since since = alerts_.since(session, position, room);
    replay_alerts(stream, names_.at(session), since);
    if (!since.alerts.empty()) position = since.alerts.back().position;
    if (since.left == 0) entry.behind.erase(entry.behind.begin());
  }
}

std::size_t Hub::room_for_alerts(const Stream& stream) const noexcept {
  const Outbox& outbox = stream.outbox();
  const std::size_t waiting = outbox.messages(ipc::PriorityClass::Critical);
  // Half of the outbox is left to what is new; and where memory is scarce, one is enough to go on.
  std::size_t most = std::clamp<std::size_t>(outbox.capacity() / 2, 1, limits::kReplayedAlerts);
  if (budget_.pressure() != Pressure::None) most = 1;
  return most - std::min(most, waiting);
}

void Hub::replay_alerts(Stream& stream, const ByName::Name& session,
                        const AlertHistory::Since& since) {
  if (const auto& missing = since.missing) {
    stream.offer_gap({.session = session,
                      .generation = missing->generation,
                      .priority = ipc::PriorityClass::Critical,
                      .reason = GapReason::History,
                      .from = missing->from,
                      .to = missing->to,
                      .count = missing->to - missing->from + 1});
  }
  const std::int64_t now_ns = monotonic_ns();
  for (const AlertHistory::Kept& kept : since.alerts) {
    if (kept.event != nullptr) {
      replay_event(stream, session, kept);
      continue;
    }
    if (!stream.filter().alerts) continue;
    const AlertEvent event{.session = *session,
                           .generation = kept.position.generation,
                           .kind = kept.kind,
                           .active = kept.active,
                           .since_wall_ns = kept.since_wall_ns,
                           .text = kept.text};
    stream.replay(
        {.priority = ipc::PriorityClass::Critical,
         .payload = budget_.message(kSystemAlertMethod, alert_tail(event, kept.position.sequence)),
         .session = session,
         .generation = kept.position.generation,
         .sequence = kept.position.sequence,
         .at_ns = now_ns});
  }
}

void Hub::replay_event(Stream& stream, const ByName::Name& session,
                       const AlertHistory::Kept& kept) {
  const SceneEvent event{.session = *session,
                         .generation = kept.position.generation,
                         .sequence = kept.position.sequence,
                         .priority = ipc::PriorityClass::Critical,
                         .event = kept.event->event,
                         .label = kept.event->label,
                         .attributes = kept.event->attributes};
  if (!keeps(stream.filter(), event)) return;
  stream.replay({.priority = event.priority,
                 .payload = budget_.message(kEventMethod, event_tail(event)),
                 .session = session,
                 .generation = event.generation,
                 .sequence = event.sequence,
                 .at_ns = monotonic_ns()});
}

std::size_t Hub::replay_results(Stream& stream, const ByName::Name& session,
                                ResultPosition position, std::size_t most,
                                const HeldByStreams& held) {
  const ResultHistory::Since since = history_.since(*session, position, most);
  OutboxGap gap{.session = session, .reason = GapReason::History};
  if (const auto& missing = since.missing) {
    gap.generation = missing->generation;
    gap.from = missing->from;
    gap.to = missing->to;
    gap.count = missing->to - missing->from + 1;
    stream.offer_gap(gap);
  }
  std::size_t offered = 0;
  const std::int64_t now_ns = monotonic_ns();
  for (const ResultHistory::Kept* kept : since.results) {
    if (budget_.fill(held) >= limits::kPressedFrom) {
      // Who comes back must not take from those who are there.
      gap.generation = kept->position.generation;
      gap.reason = GapReason::MemoryBudget;
      gap.from = gap.to = kept->position.sequence;
      gap.count = 1;
      stream.offer_gap(gap);
      continue;
    }
    const ResultEvent event{.session = *session,
                            .generation = kept->position.generation,
                            .sequence = kept->position.sequence,
                            .priority = kept->priority,
                            .publish_ns = kept->publish_ns,
                            .detection = kept->detection,
                            .model = *kept->model,
                            .zones = kept->zones};
    DetectionForms forms{event, budget_, now_ns};
    auto item = forms.item_for(stream.filter(), session);
    if (!item) continue;
    stream.replay(*std::move(item));
    ++offered;
  }
  return offered;
}

}  // namespace bulkhead::supervisor
