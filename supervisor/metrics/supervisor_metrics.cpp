#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <functional>

#include "common/clock.hpp"
#include "supervisor/metrics/prometheus_text.hpp"
#include "supervisor/process/process_memory.hpp"

namespace bulkhead::supervisor {

namespace {

constexpr std::array kAllStates{
    SessionState::Starting,  SessionState::Connecting, SessionState::Live,
    SessionState::Degraded,  SessionState::Stale,      SessionState::Frozen,
    SessionState::Offline,   SessionState::AuthFailed, SessionState::BackingOff,
    SessionState::CrashLoop, SessionState::Stopping,   SessionState::Stopped,
    SessionState::Failed};

double real(std::uint64_t count) { return static_cast<double>(count); }

void append_states(PrometheusText& text, const std::vector<SessionView>& sessions) {
  text.family("bulkhead_session_state", "gauge", "1 for the state a camera's session is in.");
  for (const SessionView& view : sessions) {
    for (const SessionState state : kAllStates) {
      text.sample("", {{"camera", view.spec.id.text()}, {"state", name_of(state)}},
                  view.state == state ? 1 : 0);
    }
  }
  text.family("bulkhead_session_problem", "gauge",
              "1 where an operator has to look; an intermittent camera may be away.");
  for (const SessionView& view : sessions) {
    const bool problem = is_problem(view.spec.availability, view.state, view.reason);
    text.sample(
        "", {{"camera", view.spec.id.text()}, {"availability", name_of(view.spec.availability)}},
        problem ? 1 : 0);
  }
  text.family("bulkhead_session_info", "gauge", "What a camera's session runs; always 1.");
  for (const SessionView& view : sessions) {
    const std::string generation = std::to_string(view.generation);
    text.sample("",
                {{"camera", view.spec.id.text()},
                 {"model", view.model ? view.model->name : ""},
                 {"engine", view.model ? view.model->engine : ""},
                 {"generation", generation}},
                1);
  }
  text.family("bulkhead_session_restarts_total", "counter", "Workers that were replaced, by why.");
  for (const SessionView& view : sessions) {
    for (const auto& [reason, count] : view.restarts_by_reason) {
      text.sample("", {{"camera", view.spec.id.text()}, {"reason", reason}}, real(count));
    }
  }
}

void append_confinement(PrometheusText& text, const std::vector<SessionView>& sessions) {
  text.family("bulkhead_worker_confinement_gaps", "gauge",
              "What the worker could not give up; session.get says what and why.");
  for (const SessionView& view : sessions) {
    if (!view.confinement) continue;
    text.sample("", {{"camera", view.spec.id.text()}},
                static_cast<double>(view.confinement->missing.size()));
  }
}

void append_canaries(PrometheusText& text, const std::vector<SessionView>& sessions) {
  const auto append = [&](std::string_view name, std::string_view help, const auto& value_of) {
    text.family(name, "gauge", help);
    for (const SessionView& view : sessions) {
      const auto value = view.canary ? value_of(*view.canary) : std::optional<double>{};
      if (!value) continue;
      text.sample("", {{"camera", view.spec.id.text()}}, *value);
    }
  };
  append("bulkhead_canary_frames", "Frames that both models have seen.",
         [](const CanaryView& canary) { return std::optional{real(canary.figures.frames)}; });
  append("bulkhead_canary_agreement",
         "0 to 1: how far a model on trial finds what the session's own finds, where either does.",
         [](const CanaryView& canary) { return canary.figures.agreement; });
  append("bulkhead_canary_cost_ratio",
         "Processor time of a model on trial over that of the session's own, for the same frames.",
         [](const CanaryView& canary) { return canary.figures.cost_ratio; });
}

using Counter = std::uint64_t SessionCounters::*;

template <class Figure>
void append_gauge(PrometheusText& text, const std::vector<SessionView>& sessions,
                  std::string_view name, std::string_view help, Figure SessionCounters::*figure) {
  text.family(name, "gauge", help);
  for (const SessionView& view : sessions) {
    text.sample("", {{"camera", view.spec.id.text()}}, real(view.counters.*figure));
  }
}

void append_counter(PrometheusText& text, const std::vector<SessionView>& sessions,
                    std::string_view name, std::string_view help, Counter counter) {
  text.family(name, "counter", help);
  for (const SessionView& view : sessions) {
    text.sample("", {{"camera", view.spec.id.text()}}, real(view.counters.*counter));
  }
}

void append_frames(PrometheusText& text, const std::vector<SessionView>& sessions) {
  append_counter(text, sessions, "bulkhead_frames_received_total",
                 "Frames that came from the camera, of this worker.",
                 &SessionCounters::frames_received_total);
  append_counter(text, sessions, "bulkhead_frames_decoded_total", "Frames decoded.",
                 &SessionCounters::frames_decoded_total);
  append_counter(text, sessions, "bulkhead_frames_inferred_total", "Frames the model has seen.",
                 &SessionCounters::frames_inferred_total);
  text.family("bulkhead_frames_dropped_total", "counter",
              "Frames the model has not seen: the detector was busy, maxFps or everyN says so, or "
              "nothing moved in them.");
  for (const SessionView& view : sessions) {
    const std::string& camera = view.spec.id.text();
    text.sample("", {{"camera", camera}, {"reason", "detector_busy"}},
                real(view.counters.frames_dropped_total));
    text.sample("", {{"camera", camera}, {"reason", "max_fps"}},
                real(view.counters.frames_skipped_total));
    text.sample("", {{"camera", camera}, {"reason", "no_motion"}},
                real(view.counters.frames_rested_total));
  }
  append_counter(text, sessions, "bulkhead_objects_total", "Objects detected.",
                 &SessionCounters::objects_total);
  append_counter(text, sessions, "bulkhead_rtsp_reconnects_total",
                 "Times the worker had to connect to its camera again.",
                 &SessionCounters::reconnects_total);
  append_counter(text, sessions, "bulkhead_results_received_total",
                 "Results the supervisor took from the worker.",
                 &SessionCounters::results_received_total);
  append_counter(text, sessions, "bulkhead_results_expired_total",
                 "Results that were past their deadline when they came.",
                 &SessionCounters::results_expired_total);
  append_counter(text, sessions, "bulkhead_result_pauses_total",
                 "Times a worker left out results without objects: its rings were nearly full.",
                 &SessionCounters::result_pauses_total);
  append_counter(text, sessions, "bulkhead_sink_written_total",
                 "Results that sinks have acknowledged, by all of them together.",
                 &SessionCounters::sink_written_total);
  append_counter(text, sessions, "bulkhead_sink_retries_total",
                 "Attempts to write to a sink that failed for a time.",
                 &SessionCounters::sink_retries_total);
  append_counter(text, sessions, "bulkhead_sink_dead_letters_total",
                 "Results that a sink refused for what they are.",
                 &SessionCounters::sink_dead_letters_total);
  append_counter(text, sessions, "bulkhead_sink_gaps_total",
                 "Gaps told to sinks: results that they will not get.",
                 &SessionCounters::sink_gaps_total);
  append_gauge(text, sessions, "bulkhead_sink_backlog_records",
               "Results that wait for the sink which is farthest behind.",
               &SessionCounters::sink_backlog_records);
  append_gauge(text, sessions, "bulkhead_sinks_failing",
               "Sinks that are left in peace for a while: their breaker is not closed.",
               &SessionCounters::sinks_failing);
  append_counter(text, sessions, "bulkhead_snapshots_written_total",
                 "Frames of events that were kept as pictures.",
                 &SessionCounters::snapshots_written_total);
  append_counter(text, sessions, "bulkhead_snapshots_dropped_total",
                 "Frames of events that were not kept: the disk took others slower than they came.",
                 &SessionCounters::snapshots_dropped_total);
  append_counter(text, sessions, "bulkhead_snapshots_failed_total",
                 "Frames of events that were not kept: the disk did not take them.",
                 &SessionCounters::snapshots_failed_total);
  append_counter(text, sessions, "bulkhead_crops_total",
                 "Objects that a stage of the cascade looked at.", &SessionCounters::crops_total);
  append_counter(text, sessions, "bulkhead_crops_skipped_total",
                 "Objects that it did not look at: the frame's budget was spent.",
                 &SessionCounters::crops_skipped_total);
  append_counter(text, sessions, "bulkhead_commands_expired_total",
                 "Commands that a worker refused: they came past their deadline.",
                 &SessionCounters::commands_expired_total);
}

void append_durations(PrometheusText& text, const SupervisorFigures& figures) {
  struct Stage {
    std::string_view name;
    Counter total_ns;
  };
  constexpr std::array kStages{Stage{"letterbox", &SessionCounters::letterbox_ns_total},
                               Stage{"infer", &SessionCounters::infer_ns_total},
                               Stage{"decode", &SessionCounters::decode_ns_total},
                               Stage{"track", &SessionCounters::track_ns_total},
                               Stage{"cascade", &SessionCounters::crop_ns_total},
                               Stage{"publish", &SessionCounters::publish_ns_total}};
  text.family("bulkhead_stage_duration_seconds", "summary",
              "Time of one frame in each stage of the detect loop; decode is of the tensor.");
  for (const SessionView& view : figures.sessions) {
    for (const Stage& stage : kStages) {
      const PrometheusText::Labels labels{{"camera", view.spec.id.text()}, {"stage", stage.name}};
      text.sample("_sum", labels, real(view.counters.*stage.total_ns) / kNsPerSecond);
      text.sample("_count", labels, real(view.counters.frames_inferred_total));
    }
  }
  text.family("bulkhead_e2e_latency_seconds", "histogram",
              "From a frame's arrival at its worker to the hub of the supervisor.");
  for (const auto& [id, latency] : figures.latencies) {
    text.histogram({{"camera", id.text()}}, latency);
  }
}

void append_queues(PrometheusText& text, const std::vector<SessionView>& sessions) {
  text.family("bulkhead_queue_dropped_total", "counter", "Results a full queue refused.");
  for (const SessionView& view : sessions) {
    for (const ipc::PriorityClass priority : ipc::kAllPriorityClasses) {
      text.sample("",
                  {{"camera", view.spec.id.text()},
                   {"queue", "worker_results"},
                   {"priority", ipc::name_of(priority)}},
                  real(view.counters.results_dropped_total[ipc::index_of(priority)]));
    }
  }
  text.family("bulkhead_worker_resident_memory_bytes", "gauge", "Resident memory of the worker.");
  for (const SessionView& view : sessions) {
    if (view.pid < 0) continue;
    if (const auto memory = memory_of(view.pid)) {
      text.sample("", {{"camera", view.spec.id.text()}}, real(memory->resident_bytes));
    }
  }
  text.family("bulkhead_worker_memory_limit_bytes", "gauge",
              "What a worker may use, by what holds it to that; 0: no limit.");
  for (const SessionView& view : sessions) {
    text.sample(
        "",
        {{"camera", view.spec.id.text()}, {"enforced_by", name_of(view.memory_limit.enforcement)}},
        real(view.memory_limit.bytes));
  }
}

void append_connections(PrometheusText& text, const ConnectionAdmission::Figures& connections) {
  text.family("bulkhead_camera_connections_waiting", "gauge",
              "Workers that wait for their turn to connect to a camera.");
  text.sample("", {}, static_cast<double>(connections.waiting));
  text.family("bulkhead_camera_connection_tokens", "gauge",
              "Connections to cameras that the machine may begin at once.");
  text.sample("", {}, static_cast<double>(connections.machine_tokens));
  text.family("bulkhead_camera_connections_admitted_total", "counter",
              "Connections to cameras that were allowed to begin.");
  text.sample("", {}, real(connections.admitted_total));
  text.family("bulkhead_camera_connections_delayed_total", "counter",
              "Connections to cameras that had to wait for their turn.");
  text.sample("", {}, real(connections.delayed_total));
}

void append_clients(PrometheusText& text, const ClientFigures& clients) {
  const auto gauge = [&](std::string_view name, std::string_view help, std::size_t value) {
    text.family(name, "gauge", help);
    text.sample("", {}, static_cast<double>(value));
  };
  const auto counter = [&](std::string_view name, std::string_view help, std::uint64_t value) {
    text.family(name, "counter", help);
    text.sample("", {}, real(value));
  };
  gauge("bulkhead_client_connections", "HTTP and WebSocket connections now.", clients.connections);
  counter("bulkhead_client_connections_accepted_total", "Connections that were served.",
          clients.connections_accepted_total);
  counter("bulkhead_client_connections_refused_total", "Connections refused at the limit.",
          clients.connections_refused_total);
  gauge("bulkhead_ws_client_streams", "Result streams open now.", clients.streams);
  gauge("bulkhead_ws_client_queue_messages", "Messages waiting for slow readers.",
        clients.queue_messages);
  gauge("bulkhead_ws_client_queue_bytes", "Bytes of these, shared ones counted once a stream.",
        clients.queue_bytes);
  counter("bulkhead_ws_client_sent_messages_total", "Messages written to clients.",
          clients.messages_sent_total);
  counter("bulkhead_ws_client_sent_bytes_total", "Bytes of these, without framing.",
          clients.bytes_sent_total);
  text.family("bulkhead_ws_client_dropped_total", "counter",
              "Messages a full outbox dropped; each was told in a stream.gap.");
  for (const ipc::PriorityClass priority : ipc::kAllPriorityClasses) {
    text.sample("", {{"priority", ipc::name_of(priority)}},
                real(clients.dropped_total[ipc::index_of(priority)]));
  }
  text.family("bulkhead_ws_client_evicted_total", "counter", "Slow clients that were cut, by why.");
  for (const auto& [reason, count] : clients.evicted_total) {
    text.sample("", {{"reason", reason}}, real(count));
  }
}

void append_streams(PrometheusText& text, const ClientFigures& clients) {
  const auto figure = [&](std::string_view name, std::string_view type, std::string_view help,
                          double value) {
    text.family(name, type, help);
    text.sample("", {}, value);
  };
  text.family("bulkhead_ws_client_streams_by_status", "gauge", "Result streams, by how they fare.");
  for (std::size_t i = 0; i < kStreamStatuses; ++i) {
    text.sample("", {{"status", name_of(static_cast<StreamStatus>(i))}},
                static_cast<double>(clients.streams_by_status[i]));
  }
  figure("bulkhead_broadcast_memory_bytes", "gauge",
         "What all streams hold: each message once, and the places that wait for it.",
         static_cast<double>(clients.memory_bytes));
  figure("bulkhead_broadcast_messages", "gauge", "Serialised messages alive, each once.",
         static_cast<double>(clients.shared_messages));
  figure("bulkhead_broadcast_pressure", "gauge",
         "0: none; 1: BULK gives way; 2: IMPORTANT gives way, too.",
         static_cast<double>(clients.pressure));
  figure("bulkhead_broadcast_streams_ended_total", "counter",
         "Streams ended because all together held too much.", real(clients.streams_ended_total));
  figure("bulkhead_ws_client_writes_total", "counter",
         "Writes to clients, each of all messages that had gathered.", real(clients.writes_total));
  figure("bulkhead_ws_client_slow_writes_total", "counter",
         "Writes that took a client longer than half a second.", real(clients.slow_writes_total));
  figure("bulkhead_ws_client_flush_pause_seconds", "gauge",
         "How long messages gather before one write to a client.", clients.flush_pause_seconds);
}

}  // namespace

std::string prometheus_text(const SupervisorFigures& figures) {
  PrometheusText text;
  text.family("bulkhead_build_info", "gauge", "The version that runs; always 1.");
  text.sample("", {{"version", BULKHEAD_VERSION}}, 1);
  text.family("bulkhead_supervisor_uptime_seconds", "gauge", "Since the supervisor started.");
  text.sample("", {}, figures.uptime_seconds);
  if (const auto memory = memory_of(::getpid())) {
    text.family("bulkhead_supervisor_resident_memory_bytes", "gauge",
                "Resident memory of the supervisor.");
    text.sample("", {}, real(memory->resident_bytes));
  }
  text.family("bulkhead_sessions_max", "gauge", "Sessions the configuration allows.");
  text.sample("", {}, static_cast<double>(figures.max_sessions));
  text.family("bulkhead_warm_spares", "gauge", "Started workers that wait for a session.");
  text.sample("", {}, static_cast<double>(figures.warm_spares));
  append_states(text, figures.sessions);
  append_confinement(text, figures.sessions);
  append_canaries(text, figures.sessions);
  append_frames(text, figures.sessions);
  append_durations(text, figures);
  append_queues(text, figures.sessions);
  text.family("bulkhead_hub_events_total", "counter", "Events the hub offered to streams.");
  text.sample("", {}, real(figures.events_total));
  text.family("bulkhead_events_total", "counter", "Events of tracks and zones, of all cameras.");
  for (std::size_t i = 0; i < kEventKinds; ++i) {
    text.sample("", {{"kind", name_of(static_cast<EventKind>(i))}},
                real(figures.scene_events_total[i]));
  }
  append_connections(text, figures.connections);
  append_clients(text, figures.clients);
  append_streams(text, figures.clients);
  text.family("bulkhead_supervisor_loop_seconds", "histogram",
              "How late the supervisor's loop came to a timer that was due.");
  text.histogram({}, figures.loop.lateness);
  text.family("bulkhead_supervisor_loop_longest_stall_seconds", "gauge",
              "The worst of these since the start.");
  text.sample("", {}, figures.loop.longest_stall_seconds);
  text.family("bulkhead_log_lines_lost_total", "counter", "Lines the supervisor could not write.");
  text.sample("", {}, real(figures.log_lines_lost_total));
  return text.take();
}

}  // namespace bulkhead::supervisor
