#include "supervisor/hub/notification.hpp"

#include <algorithm>

#include "common/clock.hpp"
#include "common/json_text.hpp"
#include "ipc/result_text.hpp"

namespace bulkhead::supervisor {

namespace {

constexpr int kMillisecondDecimals = 3;

void append_position(JsonMembers& members, const ResultPosition& position) {
  members.count("generation", position.generation);
  members.count("sequence", position.sequence);
}

}  // namespace

bool keeps(const ObjectFilter& filter, const Object& object, const ModelCard& model) {
  if (object.confidence < filter.min_confidence) return false;
  return filter.labels.empty() || filter.labels.contains(ipc::label_of(object.label_id, model));
}

bool keeps(const StreamFilter& filter, const SceneEvent& scene) {
  const ipc::Event& event = scene.event;
  if (!filter.events || !filter.event_kinds[static_cast<std::size_t>(event.kind)]) return false;
  if (!filter.event_zones.empty() && !filter.event_zones.contains(event.zone)) return false;
  // No confidence decides here: who was told to be in must be told to be out.
  return filter.objects.labels.empty() || filter.objects.labels.contains(scene.label);
}

bool keeps_all(const ObjectFilter& filter, const Detection& detection) {
  if (!filter.labels.empty()) return detection.objects.empty();
  return std::none_of(
      detection.objects.begin(), detection.objects.end(),
      [&](const Object& object) { return object.confidence < filter.min_confidence; });
}

std::string detection_tail(const ResultEvent& event, const ObjectFilter& filter,
                           std::int64_t now_ns) {
  std::string out;
  ipc::append_detection(out,
                        {.session = event.session.text(),
                         .generation = event.generation,
                         .sequence = event.sequence,
                         .model = event.model,
                         .zones = event.zones.get()},
                        event.detection, now_ns,
                        [&](const Object& object) { return keeps(filter, object, event.model); });
  out += "}}";
  return out;
}

std::string state_tail(const StateEvent& event) {
  std::string out;
  JsonMembers members{out};
  members.count("v", 1);
  members.text("session", event.session.text());
  members.count("generation", event.generation);
  members.text("from", name_of(event.from));
  members.text("to", name_of(event.to));
  members.text("since", iso8601_utc(event.at_wall_ns));
  members.text("reason", name_of(event.reason));
  members.text("reasonText", event.text);
  members.key("removed") += event.removed ? "true" : "false";
  if (event.canary) members.text("canary", name_of(*event.canary));
  out += "}}";
  return out;
}

std::string event_tail(const SceneEvent& scene) {
  std::string out;
  ipc::append_event(out,
                    {.session = scene.session.text(),
                     .generation = scene.generation,
                     .sequence = scene.sequence,
                     .priority = scene.priority,
                     .label = scene.label,
                     .attributes = scene.attributes},
                    scene.event);
  out += "}}";
  return out;
}

std::string alert_tail(const AlertEvent& event, Sequence number) {
  std::string out;
  JsonMembers members{out};
  members.count("v", 1);
  members.text("session", event.session.text());
  members.count("generation", event.generation);
  members.count("sequence", number);
  members.text("kind", ipc::name_of(event.kind));
  members.key("active") += event.active ? "true" : "false";
  members.text("since", iso8601_utc(event.since_wall_ns));
  members.text("text", event.text);
  out += "}}";
  return out;
}

std::string pressure_tail(Pressure pressure, std::int64_t at_wall_ns) {
  std::string out;
  JsonMembers members{out};
  members.count("v", 1);
  members.text("kind", "broadcast_pressure");
  members.key("active") += pressure == Pressure::None ? "false" : "true";
  members.text("level", name_of(pressure));
  members.text("since", iso8601_utc(at_wall_ns));
  members.text("text", pressure == Pressure::None
                           ? "all streams together are within their memory again"
                           : "all streams together hold too much; who holds most gives way");
  out += "}}";
  return out;
}

std::string gap_tail(const OutboxGap& gap) {
  std::string out;
  JsonMembers members{out};
  members.count("v", 1);
  if (gap.session != nullptr) members.text("session", gap.session->text());
  members.count("generation", gap.generation);
  members.text("class", ipc::name_of(gap.priority));
  members.count("fromSequence", gap.from);
  members.count("toSequence", gap.to);
  members.count("count", gap.count);
  members.text("reason", name_of(gap.reason));
  out += "}}";
  return out;
}

std::string status_tail(const Stream& stream, const StreamStatusChange& change) {
  std::string out;
  JsonMembers members{out};
  members.count("v", 1);
  members.text("from", name_of(change.from));
  members.text("to", name_of(change.to));
  members.text("reason", change.reason);
  members.number("rateLimit", stream.rate_limit(), kMillisecondDecimals);
  if (change.to == StreamStatus::Closed) {
    members.key("resumeFrom") += '[';
    bool first = true;
    for (const auto& [session, point] : stream.cursor().positions()) {
      out += first ? "{" : ",{";
      first = false;
      JsonMembers position{out};
      position.text("session", session->text());
      append_position(position, point.result);
      if (point.alert != ResultPosition{}) {
        position.key("alert") += '{';
        JsonMembers alert{out};
        append_position(alert, point.alert);
        out += '}';
      }
      out += '}';
    }
    out += ']';
  }
  out += "}}";
  return out;
}

}  // namespace bulkhead::supervisor
