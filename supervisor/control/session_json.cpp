#include "supervisor/control/session_json.hpp"

#include <nlohmann/json.hpp>
#include <string>

#include "common/clock.hpp"

namespace bulkhead::supervisor {

namespace {

using nlohmann::json;

std::string_view name_of(ipc::Stage stage) noexcept {
  switch (stage) {
    case ipc::Stage::Starting:
      return "STARTING";
    case ipc::Stage::LoadingModel:
      return "LOADING_MODEL";
    case ipc::Stage::Connecting:
      return "CONNECTING";
    case ipc::Stage::WaitingForFrame:
      return "WAITING_FOR_FRAME";
    case ipc::Stage::Inferring:
      return "INFERRING";
    case ipc::Stage::Publishing:
      return "PUBLISHING";
    case ipc::Stage::Stopping:
      return "STOPPING";
  }
  return "UNKNOWN";  // the number came from a worker
}

json worker_json(const SessionView& view) {
  if (view.pid < 0) return nullptr;
  return {{"pid", view.pid}, {"startedAt", iso8601_utc(view.worker_started_wall_ns)}};
}

json model_json(const SessionView& view, SessionDetail detail) {
  if (!view.model) return nullptr;
  const ModelCard& card = *view.model;
  json model{{"name", card.name},
             {"sha256", card.sha256},
             {"family", card.family},
             {"engine", card.engine},
             {"inputWidth", card.input_width},
             {"inputHeight", card.input_height}};
  if (detail == SessionDetail::Full) model["labels"] = card.labels;
  return model;
}

json confinement_json(const SessionView& view) {
  if (!view.confinement) return nullptr;
  const ipc::Confined& level = *view.confinement;
  return {{"landlock", level.landlock},
          {"tcpPorts", level.tcp_ports ? json(*level.tcp_ports) : json(nullptr)},
          {"systemCallFilter", level.syscall_filter},
          {"uid", level.uid},
          {"missing", level.missing}};
}

json counters_json(const SessionCounters& counters) {
  json dropped = json::object();
  for (const ipc::PriorityClass priority : ipc::kAllPriorityClasses) {
    dropped[std::string{ipc::name_of(priority)}] =
        counters.results_dropped_total[ipc::index_of(priority)];
  }
  const std::int64_t age = counters.last_frame_age_ms;
  return {{"framesReceivedTotal", counters.frames_received_total},
          {"framesDecodedTotal", counters.frames_decoded_total},
          {"framesDroppedTotal", counters.frames_dropped_total},
          {"framesSkippedTotal", counters.frames_skipped_total},
          {"framesRestedTotal", counters.frames_rested_total},
          {"framesInferredTotal", counters.frames_inferred_total},
          {"objectsTotal", counters.objects_total},
          {"reconnectsTotal", counters.reconnects_total},
          {"resultsReceivedTotal", counters.results_received_total},
          {"resultsExpiredTotal", counters.results_expired_total},
          {"resultsDroppedTotal", std::move(dropped)},
          {"resultPausesTotal", counters.result_pauses_total},
          {"commandsExpiredTotal", counters.commands_expired_total},
          {"letterboxNsTotal", counters.letterbox_ns_total},
          {"inferNsTotal", counters.infer_ns_total},
          {"decodeNsTotal", counters.decode_ns_total},
          {"trackNsTotal", counters.track_ns_total},
          {"cropNsTotal", counters.crop_ns_total},
          {"cropsTotal", counters.crops_total},
          {"cropsSkippedTotal", counters.crops_skipped_total},
          {"publishNsTotal", counters.publish_ns_total},
          {"sinkDurableSequence", counters.sink_durable_sequence},
          {"sinkWrittenTotal", counters.sink_written_total},
          {"sinkRetriesTotal", counters.sink_retries_total},
          {"sinkDeadLettersTotal", counters.sink_dead_letters_total},
          {"sinkGapsTotal", counters.sink_gaps_total},
          {"sinkBacklogRecords", counters.sink_backlog_records},
          {"sinksFailing", counters.sinks_failing},
          {"snapshotsWrittenTotal", counters.snapshots_written_total},
          {"snapshotsDroppedTotal", counters.snapshots_dropped_total},
          {"snapshotsFailedTotal", counters.snapshots_failed_total},
          {"lastFrameAgeMs", age < 0 ? json(nullptr) : json(age)},
          {"sourceWidth", counters.source_width},
          {"sourceHeight", counters.source_height},
          {"fps", counters.fps}};
}

json successor_json(const SessionView& view) {
  if (!view.successor) return nullptr;
  return {{"generation", view.successor->generation},
          {"pid", view.successor->pid},
          {"state", name_of(view.successor->state)}};
}

json exit_json(const ExitRecord& exit, SessionDetail detail) {
  const bool by_signal = exit.signal != 0;
  json record{{"generation", exit.generation},
              {"at", iso8601_utc(exit.at_wall_ns)},
              {"uptimeMs", exit.uptime_ms},
              {"exitCode", by_signal ? json(nullptr) : json(exit.exit_code)},
              {"signal", by_signal ? json(exit.signal) : json(nullptr)},
              {"reason", bulkhead::name_of(exit.reason)},
              {"text", exit.text},
              {"stage", name_of(exit.stage)},
              {"peakRssBytes", exit.peak_rss_bytes},
              {"cpuMs", exit.cpu_ms},
              {"descriptors", exit.descriptors}};
  if (detail == SessionDetail::Full) record["lastLogLines"] = exit.last_log_lines;
  return record;
}

json rule_json(const CanaryRule& rule) {
  json told{{"frames", rule.frames},
            {"minAgreement", rule.min_agreement},
            {"onPass", rule.promotes ? "promote" : "report"}};
  if (rule.max_cost_ratio) told["maxCostRatio"] = *rule.max_cost_ratio;
  return told;
}

json number_json(const std::optional<double>& number) {
  return number ? json(*number) : json(nullptr);
}

}  // namespace

json canary_json(const CanaryView& canary) {
  const CanaryFigures& figures = canary.figures;
  return {{"model", canary.model},
          {"sha256", canary.sha256.empty() ? json(nullptr) : json(canary.sha256)},
          {"state", name_of(canary.state)},
          {"since", iso8601_utc(canary.since_wall_ns)},
          {"reason", bulkhead::name_of(canary.reason)},
          {"reasonText", canary.reason_text},
          {"everyN", canary.every_n},
          {"rule", canary.rule ? rule_json(*canary.rule) : json(nullptr)},
          {"frames", figures.frames},
          {"framesWithObjects", figures.frames_with_objects},
          {"framesSkipped", figures.frames_skipped},
          {"agreement", number_json(figures.agreement)},
          {"costRatio", number_json(figures.cost_ratio)}};
}

json session_json(const SessionView& view, SessionDetail detail) {
  json session = view.spec.to_json(SessionSpec::Secrets::Hidden);
  session["tracks"] = view.spec.tracks();
  session["context"] = view.context.id.empty() ? json(nullptr) : json(view.context.id);
  session["stage"] = view.context.stage.empty() ? json(nullptr) : json(view.context.stage);
  session["desired"] = view.wanted ? "RUNNING" : "STOPPED";
  session["state"] = name_of(view.state);
  session["since"] = iso8601_utc(view.since_wall_ns);
  session["reason"] = bulkhead::name_of(view.reason);
  session["reasonText"] = view.reason_text;
  session["nextStart"] =
      view.next_start_wall_ns ? json(iso8601_utc(*view.next_start_wall_ns)) : json(nullptr);
  session["generation"] = view.generation;
  session["worker"] = worker_json(view);
  session["confinement"] = confinement_json(view);
  session["successor"] = successor_json(view);
  session["model"] = model_json(view, detail);
  session["canary"] = view.canary ? canary_json(*view.canary) : json(nullptr);
  session["counters"] = counters_json(view.counters);
  session["restarts"] = {{"total", view.restarts_total}, {"byReason", view.restarts_by_reason}};
  session["alerts"] = json::array();
  for (const ActiveAlert& alert : view.alerts) {
    session["alerts"].push_back({{"kind", ipc::name_of(alert.kind)},
                                 {"since", iso8601_utc(alert.since_wall_ns)},
                                 {"text", alert.text}});
  }
  session["lastExits"] = json::array();
  for (const ExitRecord& exit : view.last_exits) {
    session["lastExits"].push_back(exit_json(exit, detail));
  }
  session["memoryLimit"] = {{"bytes", view.memory_limit.bytes},
                            {"enforcedBy", supervisor::name_of(view.memory_limit.enforcement)}};
  session["logFile"] = view.log_file;
  return session;
}

}  // namespace bulkhead::supervisor
