#include "supervisor/session/incarnation.hpp"

#include <spdlog/logger.h>

#include <chrono>
#include <utility>

#include "common/clock.hpp"
#include "common/limits.hpp"
#include "ipc/history_file.hpp"
#include "ipc/start_message.hpp"
#include "supervisor/log/log_file.hpp"
#include "supervisor/model/model_store.hpp"
#include "supervisor/process/process_memory.hpp"
#include "supervisor/session/warm_spares.hpp"
#include "supervisor/session/worker_readings.hpp"

namespace bulkhead::supervisor {

using boost::system::error_code;
using Kind = SessionEvent::Kind;
using std::chrono::nanoseconds;

namespace {

/// A password that cannot be read costs its sink, not the camera: the place refuses who has none,
/// and results wait in the spool.
std::vector<SinkSpec> sinks_with_passwords(const SessionEnvironment& environment) {
  std::vector<SinkSpec> sinks;
  for (const SinkSpec& sink : environment.sinks) {
    auto whole = with_password(sink);
    if (!whole && environment.log) {
      environment.log->error("sink {} has no password, text=\"{}\"", sink.name,
                             whole.error().message);
    }
    sinks.push_back(whole ? *std::move(whole) : sink);
  }
  return sinks;
}

std::optional<std::string> camera_host(const RtspUrl& url) {
  if (url.scheme == "file") return std::nullopt;
  return url.host;
}

}  // namespace

Result<std::shared_ptr<Incarnation>> Incarnation::start(boost::asio::io_context& loop,
                                                        const SessionEnvironment& environment,
                                                        ConnectionAdmission& admission,
                                                        const Spec& spec, Events events) {
  auto made = std::make_shared<Incarnation>(Private{}, loop, environment, admission, spec,
                                            std::move(events));
  if (const auto launched = made->launch(environment, spec); !launched) return launched.error();
  return made;
}

Result<std::shared_ptr<Incarnation>> Incarnation::resume(boost::asio::io_context& loop,
                                                         const SessionEnvironment& environment,
                                                         ConnectionAdmission& admission,
                                                         const Spec& spec, const Carried& carried,
                                                         Events events) {
  auto link = WorkerLink::resume(loop, environment.worker.limits.cgroups, carried.link);
  if (!link) return link.error();
  auto resumed = std::make_shared<Incarnation>(Private{}, loop, environment, admission, spec,
                                               std::move(events));
  resumed->watch(**link);
  resumed->link_ = std::move(*link);
  resumed->started_ns_ = carried.started_ns;
  resumed->started_wall_ns_ = carried.started_wall_ns;
  resumed->recycling_ = {environment.recycling, environment.limits.recycling, carried.started_ns};
  resumed->model_loaded_ns_ = carried.model_loaded_ns;
  resumed->model_ = carried.model;
  resumed->confinement_ = carried.confinement;
  resumed->alerts_ = carried.alerts;
  resumed->rtsp_session_ = carried.rtsp_session;
  resumed->zones_ = carried.zones;
  resumed->waiting_events_ = carried.waiting_events;
  resumed->counters_.results_received_total = carried.results_received_total;
  resumed->counters_.results_expired_total = carried.results_expired_total;
  if (carried.waits_to_connect) resumed->open_camera();
  return resumed;
}

std::optional<Incarnation::Carried> Incarnation::carried() const {
  auto link = link_->carried();
  if (!link || is_doomed() || asked_to_stop_ || last_words_) return std::nullopt;
  return Carried{.link = *link,
                 .generation = generation_,
                 .started_ns = started_ns_,
                 .started_wall_ns = started_wall_ns_,
                 .model_loaded_ns = model_loaded_ns_,
                 .model = model_,
                 .confinement = confinement_,
                 .alerts = alerts_,
                 .rtsp_session = rtsp_session_,
                 .zones = zones_,
                 .waiting_events = waiting_events_,
                 .results_received_total = counters_.results_received_total,
                 .results_expired_total = counters_.results_expired_total,
                 .waits_to_connect = place_ != nullptr || owes_open_camera_};
}

Incarnation::Incarnation(Private, boost::asio::io_context& loop,
                         const SessionEnvironment& environment, ConnectionAdmission& admission,
                         const Spec& spec, Events events)
    : loop_{loop},
      limits_{environment.limits},
      events_{std::move(events)},
      generation_{spec.generation},
      log_file_{spec.log_file},
      started_ns_{monotonic_ns()},
      started_wall_ns_{wall_ns()},
      watchdog_{environment.limits.watchdog},
      resources_{environment.worker.limits},
      recycling_{environment.recycling, environment.limits.recycling, started_ns_},
      admission_{admission},
      camera_{spec.session.url},
      camera_host_{camera_host(spec.session.url)},
      rtsp_session_{spec.left_session},
      priority_{spec.session.priority},
      kill_{loop} {}

Result<> Incarnation::launch(const SessionEnvironment& environment, const Spec& spec) {
  // One whose turn has not come loads its model meanwhile.
  const bool connects = spec.camera == Camera::AtOnce && ask_for_turn();
  const ipc::StartMessage start{
      .spec = spec.session,
      .generation = generation_,
      .log_file = log_file_,
      .log_max_bytes = environment.log_max_bytes,
      .log_backup_count = environment.log_backup_count,
      .model_dir = environment.model_dir,
      .model_catalog = environment.model_catalog,
      .model_cache = environment.models != nullptr ? environment.models->folder().string() : "",
      .addresses = environment.addresses,
      .hold_camera = !connects,
      .yields = spec.yields,
      .sinks = sinks_with_passwords(environment),
      .spool_dir = environment.spool_dir / spec.session.id.file_stem(),
      .history_dir = ipc::history_folder(environment.history_dir, spec.session.id),
      .hold_results = spec.yields,
      .left_session = rtsp_session_,
      .context = spec.context};
  const std::string start_json = start.to_json();
  if (auto spare = environment.spares != nullptr ? environment.spares->take() : nullptr) {
    if (serve(std::move(spare), start_json)) return {};
  }
  auto fresh = WorkerLink::start(loop_, environment.worker);
  if (!fresh) return fresh.error();
  return serve(std::move(*fresh), start_json);
}

void Incarnation::watch(WorkerLink& link) {
  // The link is ours and is let go of before we end; none of these can come later.
  link.watch({.record = [this](const auto& taken) { events_.record(*this, taken); },
              .broken = [this](const Error& error) { events_.broken(*this, error); },
              .exited =
                  [this](const ExitStatus& exit) {
                    kill_.cancel();
                    events_.exited(*this, exit);
                  }});
}

Result<> Incarnation::serve(std::shared_ptr<WorkerLink> link, const std::string& start_json) {
  watch(*link);
  auto told = link->serve(start_json);
  if (told) link_ = std::move(link);
  return told;
}

SessionCounters Incarnation::counters() const {
  SessionCounters counters = counters_;
  read_counters(link_->status(), monotonic_ns(), counters);
  counters.fps = rates_.inferred_per_second();
  return counters;
}

Millis Incarnation::healthy_time() const {
  if (model_loaded_ns_ == 0) return Millis{0};
  return std::chrono::duration_cast<Millis>(nanoseconds{monotonic_ns() - started_ns_});
}

Result<> Incarnation::take_model(const ModelCard& card) {
  if (model_) return Error{ErrorCode::ProtocolError, "it named its model twice", {}};
  model_ = card;
  model_loaded_ns_ = monotonic_ns();
  return {};
}

Result<> Incarnation::take_confinement(const ipc::Confined& level) {
  if (confinement_) return Error{ErrorCode::ProtocolError, "it told its confinement twice", {}};
  confinement_ = level;
  return {};
}

Result<> Incarnation::take_alert(ipc::Alert alert) {
  std::erase_if(alerts_, [&](const ActiveAlert& known) { return known.kind == alert.kind; });
  if (!alert.active) return {};
  const std::int64_t now_ns = monotonic_ns();
  std::int64_t& alerted_ns = alerted_ns_.at(static_cast<std::size_t>(alert.kind));
  // Alerts are never dropped on their way to a client: who makes too many would cut clients off.
  if (alerted_ns != 0 && nanoseconds{now_ns - alerted_ns} < limits::kAlertPause) {
    return Error{ErrorCode::ProtocolError, "it gives alerts too often", {}};
  }
  alerted_ns = now_ns;
  alerts_.push_back({alert.kind, wall_ns(), std::move(alert.text)});
  return {};
}

std::vector<Incarnation::Noticed> Incarnation::look(std::int64_t now_ns, SessionState state,
                                                    double max_fps, std::uint32_t every_n) {
  link_->poll();
  send_open_camera();
  send_count_results();
  send_context();
  const auto excess = resources_.look(now_ns, link_->process());
  if (!is_running(state) || is_doomed()) return {};
  if (excess) return {{{Kind::WorkerBroken, excess->code}, excess->message}};
  if (recycling_.wants_sample(now_ns)) {
    if (const auto memory = memory_of(pid())) {
      recycling_.take_sample(now_ns, memory->anonymous_bytes);
    }
  }
  const auto stage = read_stage(link_->status());
  if (!stage) {
    return {{{Kind::WorkerBroken, ErrorCode::Corrupt}, "status page: no such stage"}};
  }
  WorkerProgress seen = read_progress(link_->status(), *stage);
  seen.greeted = link_->greeted();
  seen.has_camera = expects_frames(state);
  const auto verdict = watchdog_.observe(now_ns, seen);
  if (verdict.hung) return {{{Kind::WorkerHung, ErrorCode::WorkerHung}, *verdict.hung}};
  if (!seen.has_camera) {
    rates_ = {};
    return {};
  }
  rates_.observe(now_ns, seen.frames_decoded_total, seen.frames_inferred_total,
                 seen.frames_rested_total);
  if (verdict.frames_missing) return {{{Kind::FramesMissing}, "no new frame"}};
  const bool behind = rates_.falling_behind(max_fps, every_n);
  return {{{Kind::FramesFlow}, {}},
          {{behind ? Kind::FallingBehind : Kind::KeepingUp},
           "less than half of the frames asked for are inferred"}};
}

bool Incarnation::ask_for_turn() {
  if (!camera_host_) return true;
  if (place_ || asked_to_stop_) return false;
  const std::int64_t now_ns = monotonic_ns();
  const std::int64_t ready_ns = asks_.ready_ns(now_ns);
  asks_.take(ready_ns);
  place_ = admission_.ask({.host = *camera_host_, .priority = priority_, .not_before_ns = ready_ns},
                          [this] {
                            place_.reset();
                            command_open_camera();
                          });
  return place_ == nullptr;
}

void Incarnation::open_camera() {
  if (ask_for_turn()) command_open_camera();
}

void Incarnation::command_open_camera() {
  owes_open_camera_ = true;
  send_open_camera();
}

void Incarnation::send_open_camera() {
  if (!owes_open_camera_) return;
  owes_open_camera_ = !link_->send(
      {.request_id = 0, .deadline_ns = 0, .body = ipc::OpenCamera{.left = rtsp_session_}});
}

void Incarnation::count_results(std::int64_t after_capture_ns) {
  owes_count_results_ = after_capture_ns;
  send_count_results();
}

void Incarnation::send_count_results() {
  if (!owes_count_results_) return;
  const ipc::CountResults count{*owes_count_results_};
  if (link_->send({.request_id = 0, .deadline_ns = 0, .body = count})) owes_count_results_.reset();
}

bool Incarnation::set_context(const SessionContext& context, std::uint64_t request_id) {
  const ipc::Command command{
      .request_id = request_id, .deadline_ns = 0, .body = ipc::SetContext{context}};
  const bool is_sent = link_->send(command);
  owes_context_ = is_sent ? std::nullopt : std::optional{context};
  return is_sent;
}

void Incarnation::send_context() {
  if (const auto owed = owes_context_) set_context(*owed);
}

void Incarnation::ask_to_stop() {
  asked_to_stop_ = true;
  place_.reset();
  link_->ask_to_stop();
  arm_kill(limits_.term_grace);
}

void Incarnation::abort(const Error& reason) {
  if (!killed_for_) killed_for_ = reason;
  link_->abort();
  arm_kill(limits_.abort_grace);
}

void Incarnation::kill(const Error& reason) {
  if (!killed_for_) killed_for_ = reason;
  link_->stop_reading();
  link_->kill();
}

void Incarnation::arm_kill(Millis grace) {
  kill_.expires_after(grace);
  kill_.async_wait([weak = weak_from_this()](const error_code& error) {
    const auto self = weak.lock();
    if (error || !self) return;
    if (!self->killed_for_) {
      self->killed_for_ = Error{ErrorCode::WorkerHung, "it did not stop in time", {}};
    }
    self->link_->kill();
  });
}

WorkerEnd Incarnation::classify(const ExitStatus& exit) const {
  return classify_end(
      {.exit = exit, .killed_for = killed_for_, .fatal = last_words_, .asked = asked_to_stop_});
}

ExitRecord Incarnation::end_record(const ExitStatus& exit, const WorkerEnd& end) const {
  const nanoseconds uptime{monotonic_ns() - started_ns_};
  return {.generation = generation_,
          .at_wall_ns = wall_ns(),
          .uptime_ms = std::chrono::duration_cast<Millis>(uptime).count(),
          .exit_code = exit.code,
          .signal = exit.signal,
          .reason = end.reason,
          .text = end.text,
          .stage = read_stage(link_->status()).value_or(ipc::Stage::Starting),
          .peak_rss_bytes = exit.peak_rss_bytes,
          .cpu_ms = exit.cpu_ms,
          .descriptors = resources_.descriptors(),
          .last_log_lines = last_log_lines(log_file_)};
}

}  // namespace bulkhead::supervisor
