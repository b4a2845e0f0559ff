#include "supervisor/session/carried_session.hpp"

#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "supervisor/session/carried_record.hpp"

namespace bulkhead::supervisor {

namespace {

using nlohmann::json;

constexpr auto kLastState = SessionState::Failed;
constexpr auto kLastStage = ipc::Stage::Stopping;

template <class Enum>
Enum enum_from(const json& number, Enum last) {
  const auto value = number.get<std::uint64_t>();
  if (value > static_cast<std::uint64_t>(last)) {
    throw Unreadable{"there is no value " + std::to_string(value) + " of an enumeration here"};
  }
  return static_cast<Enum>(value);
}

json alerts_json(const std::vector<ActiveAlert>& alerts) {
  json list = json::array();
  for (const ActiveAlert& alert : alerts) {
    list.push_back({{"kind", static_cast<unsigned>(alert.kind)},
                    {"sinceWallNs", alert.since_wall_ns},
                    {"text", alert.text}});
  }
  return list;
}

std::vector<ActiveAlert> alerts_from(const json& list) {
  std::vector<ActiveAlert> alerts;
  for (const json& alert : list) {
    alerts.push_back({.kind = enum_from(alert.at("kind"), ipc::AlertKind{ipc::kAlertKinds - 1}),
                      .since_wall_ns = alert.at("sinceWallNs"),
                      .text = alert.at("text")});
  }
  return alerts;
}

json exit_json(const ExitRecord& exit) {
  return {{"generation", exit.generation},
          {"atWallNs", exit.at_wall_ns},
          {"uptimeMs", exit.uptime_ms},
          {"exitCode", exit.exit_code},
          {"signal", exit.signal},
          {"reason", static_cast<unsigned>(exit.reason)},
          {"text", exit.text},
          {"stage", static_cast<unsigned>(exit.stage)},
          {"peakRssBytes", exit.peak_rss_bytes},
          {"cpuMs", exit.cpu_ms},
          {"descriptors", exit.descriptors},
          {"lastLogLines", exit.last_log_lines}};
}

ExitRecord exit_from(const json& exit) {
  return {.generation = exit.at("generation"),
          .at_wall_ns = exit.at("atWallNs"),
          .uptime_ms = exit.at("uptimeMs"),
          .exit_code = exit.at("exitCode"),
          .signal = exit.at("signal"),
          .reason = error_code_from(exit.at("reason")),
          .text = exit.at("text"),
          .stage = enum_from(exit.at("stage"), kLastStage),
          .peak_rss_bytes = exit.at("peakRssBytes"),
          .cpu_ms = exit.at("cpuMs"),
          .descriptors = exit.at("descriptors"),
          .last_log_lines = exit.at("lastLogLines")};
}

json rtsp_json(const RtspSession& session) {
  return binary_of({.sequence = 1, .body = ipc::RtspSessionChange{.now = session}});
}

std::optional<RtspSession> rtsp_from(const json& session) {
  return body_from<ipc::RtspSessionChange>(session).now;
}

json link_json(const WorkerLink::Carried& link) {
  json carried{{"pid", link.process.pid},
               {"exitFd", link.process.exit_fd},
               {"segmentFd", link.segment_fd},
               {"controlFd", link.control_fd},
               {"commandDoorbellFd", link.command_doorbell_fd},
               {"resultDoorbellFd", link.result_doorbell_fd},
               {"commands", link.commands},
               {"results", link.results}};
  if (link.process.cgroup) carried["cgroup"] = *link.process.cgroup;
  return carried;
}

WorkerLink::Carried link_from(const json& link) {
  WorkerLink::Carried carried{
      .process = {.pid = link.at("pid"), .exit_fd = link.at("exitFd"), .cgroup = {}},
      .segment_fd = link.at("segmentFd"),
      .control_fd = link.at("controlFd"),
      .command_doorbell_fd = link.at("commandDoorbellFd"),
      .result_doorbell_fd = link.at("resultDoorbellFd"),
      .commands = link.at("commands"),
      .results = link.at("results")};
  if (link.contains("cgroup")) carried.process.cgroup = link.at("cgroup").get<std::uint64_t>();
  return carried;
}

json zones_json(const ZoneLists& zones) {
  json lists = json::array();
  for (const ZoneLists::Kept& kept : zones.kept()) {
    lists.push_back(
        binary_of({.sequence = kept.since, .body = ipc::ZonesInEffect{.names = *kept.names}}));
  }
  return lists;
}

ZoneLists zones_from(const json& lists) {
  ZoneLists zones;
  for (const json& list : lists) {
    ipc::Record record = record_from(list);
    auto* const body = std::get_if<ipc::ZonesInEffect>(&record.body);
    if (body == nullptr) throw Unreadable{"a list of zones was expected"};
    zones.take(record.sequence, std::move(body->names));
  }
  return zones;
}

json events_json(const WaitingEvents& waiting) {
  json events = json::array();
  for (const auto& [priority, record] : waiting.events()) {
    events.push_back(
        {{"priority", static_cast<unsigned>(priority)}, {"record", binary_of(record)}});
  }
  return events;
}

WaitingEvents events_from(const json& events) {
  WaitingEvents waiting;
  for (const json& event : events) {
    ipc::Record record = record_from(event.at("record"));
    const auto priority = enum_from(event.at("priority"), ipc::PriorityClass::Bulk);
    const bool is_event = std::holds_alternative<ipc::Event>(record.body);
    if (!is_event || !waiting.add({priority, std::move(record)})) {
      throw Unreadable{"an event was expected, and not so many"};
    }
  }
  return waiting;
}

json worker_json(const Incarnation::Carried& worker) {
  json carried{{"link", link_json(worker.link)},
               {"generation", worker.generation},
               {"startedNs", worker.started_ns},
               {"startedWallNs", worker.started_wall_ns},
               {"modelLoadedNs", worker.model_loaded_ns},
               {"alerts", alerts_json(worker.alerts)},
               {"resultsReceived", worker.results_received_total},
               {"resultsExpired", worker.results_expired_total},
               {"waitsToConnect", worker.waits_to_connect}};
  if (worker.model)
    carried["model"] = binary_of({.sequence = 1, .body = ipc::ModelLoaded{.card = *worker.model}});
  carried["zones"] = zones_json(worker.zones);
  carried["events"] = events_json(worker.waiting_events);
  if (worker.rtsp_session) carried["rtspSession"] = rtsp_json(*worker.rtsp_session);
  if (worker.confinement)
    carried["confinement"] = binary_of({.sequence = 1, .body = *worker.confinement});
  return carried;
}

Incarnation::Carried worker_from(const json& worker) {
  Incarnation::Carried carried{.link = link_from(worker.at("link")),
                               .generation = worker.at("generation"),
                               .started_ns = worker.at("startedNs"),
                               .started_wall_ns = worker.at("startedWallNs"),
                               .model_loaded_ns = worker.at("modelLoadedNs"),
                               .model = {},
                               .confinement = {},
                               .alerts = alerts_from(worker.at("alerts")),
                               .rtsp_session = {},
                               .zones = zones_from(worker.at("zones")),
                               .waiting_events = events_from(worker.at("events")),
                               .results_received_total = worker.at("resultsReceived"),
                               .results_expired_total = worker.at("resultsExpired"),
                               .waits_to_connect = worker.at("waitsToConnect")};
  if (worker.contains("model")) {
    carried.model = body_from<ipc::ModelLoaded>(worker.at("model")).card;
  }
  if (worker.contains("rtspSession")) {
    carried.rtsp_session = rtsp_from(worker.at("rtspSession"));
  }
  if (worker.contains("confinement")) {
    carried.confinement = body_from<ipc::Confined>(worker.at("confinement"));
  }
  return carried;
}

json spec_json(const SessionSpec& spec) {
  return {{"spec", spec.to_json(SessionSpec::Secrets::Kept)}, {"pipelineName", spec.pipeline_name}};
}

SessionSpec spec_from(const json& carried) {
  auto spec = SessionSpec::from_json(carried.at("spec"), "spec");
  if (!spec) throw Unreadable{spec.error().field + ": " + spec.error().message};
  spec->pipeline_name = carried.at("pipelineName");
  return std::move(*spec);
}

json track_ids_json(const TrackIds::Carried& ids) {
  return {{"generation", ids.generation},
          {"offset", ids.offset},
          {"continued", ids.continued},
          {"highest", ids.highest}};
}

TrackIds::Carried track_ids_from(const json& ids) {
  return {.generation = ids.at("generation"),
          .offset = ids.at("offset"),
          .continued = ids.at("continued").get<std::map<std::uint32_t, std::uint32_t>>(),
          .highest = ids.at("highest")};
}

CarriedSession session_from(const json& session) {
  CarriedSession carried{.spec = spec_from(session.at("served")),
                         .context = {.id = session.at("context"), .stage = session.at("stage")},
                         .asked = {},
                         .condition = {.state = enum_from(session.at("state"), kLastState),
                                       .reason = error_code_from(session.at("reason")),
                                       .start_again = false},
                         .reason_text = session.at("reasonText"),
                         .since_wall_ns = session.at("sinceWallNs"),
                         .generation = session.at("generation"),
                         .last_generation = session.at("lastGeneration"),
                         .worker = {},
                         .left_session = {},
                         .alerts = alerts_from(session.at("alerts")),
                         .restarts_total = session.at("restarts"),
                         .restarts_by_reason = session.at("restartsByReason"),
                         .exits = {},
                         .last_result_ns = session.at("lastResultNs"),
                         .track_ids = track_ids_from(session.at("trackIds")),
                         .refused_second_connection = session.at("refusedSecondConnection")};
  for (const json& exit : session.at("exits")) carried.exits.push_back(exit_from(exit));
  if (session.contains("asked")) carried.asked = spec_from(session.at("asked"));
  if (session.contains("leftSession")) carried.left_session = rtsp_from(session.at("leftSession"));
  if (session.contains("worker")) carried.worker = worker_from(session.at("worker"));
  if (session.contains("canary")) carried.canary = session.at("canary").get<std::string>();
  return carried;
}

}  // namespace

json to_json(const CarriedSession& session) {
  json carried{{"served", spec_json(session.spec)},
               {"context", session.context.id},
               {"stage", session.context.stage},
               {"state", static_cast<unsigned>(session.condition.state)},
               {"reason", static_cast<unsigned>(session.condition.reason)},
               {"reasonText", session.reason_text},
               {"sinceWallNs", session.since_wall_ns},
               {"generation", session.generation},
               {"lastGeneration", session.last_generation},
               {"alerts", alerts_json(session.alerts)},
               {"restarts", session.restarts_total},
               {"restartsByReason", session.restarts_by_reason},
               {"exits", json::array()},
               {"lastResultNs", session.last_result_ns},
               {"trackIds", track_ids_json(session.track_ids)},
               {"refusedSecondConnection", session.refused_second_connection}};
  for (const ExitRecord& exit : session.exits) carried["exits"].push_back(exit_json(exit));
  if (session.asked) carried["asked"] = spec_json(*session.asked);
  if (session.left_session) carried["leftSession"] = rtsp_json(*session.left_session);
  if (session.worker) carried["worker"] = worker_json(*session.worker);
  if (session.canary) carried["canary"] = *session.canary;
  return carried;
}

Result<CarriedSession> carried_session_from(const json& session) {
  const auto corrupt = [](const std::string& what) {
    return Error{ErrorCode::Corrupt, "a session cannot be read: " + what, {}};
  };
  try {
    return session_from(session);
  } catch (const json::exception& unreadable) {
    return corrupt(unreadable.what());
  } catch (const Unreadable& unreadable) {
    return corrupt(unreadable.what());
  }
}

}  // namespace bulkhead::supervisor
