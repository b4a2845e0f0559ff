#include "supervisor/hub/alert_history.hpp"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "supervisor/session/carried_record.hpp"

namespace bulkhead::supervisor {

using nlohmann::json;

Sequence AlertHistory::add(const AlertEvent& event, std::int64_t now_ns) {
  return add(event.session, {.position = {event.generation, 0},
                             .kind = event.kind,
                             .active = event.active,
                             .since_wall_ns = event.since_wall_ns,
                             .text = event.text,
                             .kept_ns = now_ns});
}

Sequence AlertHistory::add(const SceneEvent& event, std::int64_t now_ns) {
  auto kept = std::make_shared<const CriticalEvent>(
      CriticalEvent{event.event, event.label, event.attributes});
  return add(event.session, {.position = {event.generation, 0},
                             .kind = {},
                             .active = false,
                             .since_wall_ns = 0,
                             .text = {},
                             .kept_ns = now_ns,
                             .event = std::move(kept)});
}

Sequence AlertHistory::add(const SubscriptionId& id, Kept kept) {
  Session& session = sessions_[id];
  const bool same = session.last.generation == kept.position.generation;
  session.last = {kept.position.generation, same ? session.last.sequence + 1 : 1};
  kept.position = session.last;
  auto& alerts = session.alerts;
  const std::int64_t now_ns = kept.kept_ns;
  alerts.push_back(std::move(kept));
  const std::int64_t oldest_ns =
      now_ns - std::chrono::nanoseconds{limits::kHistoryAlertAge}.count();
  while (alerts.size() > limits::kHistoryAlerts || alerts.front().kept_ns < oldest_ns) {
    session.dropped = alerts.front().position;
    alerts.pop_front();
  }
  return session.last.sequence;
}

ResultPosition AlertHistory::last(const SubscriptionId& session) const {
  const auto known = sessions_.find(session);
  return known == sessions_.end() ? ResultPosition{} : known->second.last;
}

AlertHistory::Since AlertHistory::since(const SubscriptionId& id, ResultPosition position,
                                        std::size_t most) const {
  Since since;
  const auto known = sessions_.find(id);
  if (known == sessions_.end()) return since;
  const Session& session = known->second;
  if (position > session.last) position = {};
  if (session.dropped > position) {
    const bool same = session.dropped.generation == position.generation;
    since.missing = {.generation = session.dropped.generation,
                     .from = same ? position.sequence + 1 : 1,
                     .to = session.dropped.sequence};
  }
  const auto first = std::ranges::find_if(
      session.alerts, [&](const Kept& alert) { return alert.position > position; });
  const auto after = static_cast<std::size_t>(session.alerts.end() - first);
  std::copy_n(first, std::min(after, most), std::back_inserter(since.alerts));
  since.left = after - since.alerts.size();
  return since;
}

json AlertHistory::carried(const std::set<SubscriptionId>& wanted) const {
  json sessions = json::array();
  for (const auto& [id, session] : sessions_) {
    if (!wanted.contains(id)) continue;
    json alerts = json::array();
    for (const Kept& alert : session.alerts) {
      alerts.push_back({{"generation", alert.position.generation},
                        {"number", alert.position.sequence},
                        {"kind", static_cast<unsigned>(alert.kind)},
                        {"active", alert.active},
                        {"sinceWallNs", alert.since_wall_ns},
                        {"text", alert.text},
                        {"keptNs", alert.kept_ns}});
      if (alert.event == nullptr) continue;
      alerts.back()["event"] = binary_of({.sequence = 1, .body = alert.event->event});
      alerts.back()["label"] = alert.event->label;
      alerts.back()["attributes"] = alert.event->attributes;
    }
    sessions.push_back({{"session", id.text()},
                        {"droppedGeneration", session.dropped.generation},
                        {"droppedNumber", session.dropped.sequence},
                        {"alerts", std::move(alerts)}});
  }
  return sessions;
}

Result<> AlertHistory::resume(const json& carried) {
  std::map<SubscriptionId, Session> sessions;
  try {
    for (const json& entry : carried) {
      const auto id = SubscriptionId::parse(entry.at("session").get<std::string>());
      if (!id) return Error{ErrorCode::Corrupt, "the alerts: " + id.error().message, {}};
      Session& session = sessions[*id];
      session.dropped = {.generation = entry.at("droppedGeneration"),
                         .sequence = entry.at("droppedNumber")};
      session.last = session.dropped;
      for (const json& alert : entry.at("alerts")) {
        const auto kind = alert.at("kind").get<std::size_t>();
        if (kind >= ipc::kAlertKinds) {
          return Error{ErrorCode::Corrupt, "the alerts: no such kind", {}};
        }
        session.last = {.generation = alert.at("generation"), .sequence = alert.at("number")};
        session.alerts.push_back({.position = session.last,
                                  .kind = static_cast<ipc::AlertKind>(kind),
                                  .active = alert.at("active"),
                                  .since_wall_ns = alert.at("sinceWallNs"),
                                  .text = alert.at("text"),
                                  .kept_ns = alert.at("keptNs")});
        if (!alert.contains("event")) continue;
        // A program of before events had them left none.
        auto attributes = alert.value("attributes", std::string{"{}"});
        if (!json::parse(attributes, nullptr, false).is_object()) {
          throw Unreadable{"the attributes of an object were expected"};
        }
        session.alerts.back().event = std::make_shared<const CriticalEvent>(CriticalEvent{
            body_from<ipc::Event>(alert.at("event")), alert.at("label"), std::move(attributes)});
      }
    }
  } catch (const std::exception& unreadable) {  // the library's, `get` and `at`
    return Error{ErrorCode::Corrupt, std::string{"the alerts: "} + unreadable.what(), {}};
  }
  sessions_ = std::move(sessions);
  return {};
}

}  // namespace bulkhead::supervisor
