#include "supervisor/session/session.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/post.hpp>
#include <functional>
#include <utility>

#include "common/clock.hpp"
#include "supervisor/session/refuse.hpp"

namespace bulkhead::supervisor {

using boost::system::error_code;
using Kind = SessionEvent::Kind;
using std::chrono::nanoseconds;

namespace {

/// Different for each session, so that sessions which failed together come back apart.
std::uint32_t seed_of(const SubscriptionId& id) {
  return static_cast<std::uint32_t>(std::hash<SubscriptionId>{}(id) ^
                                    static_cast<std::size_t>(monotonic_ns())) |
         1U;
}

}  // namespace

Session::Session(boost::asio::io_context& loop, const SessionEnvironment& environment,
                 ConnectionAdmission& admission, const SessionEvents& events, SessionSpec spec,
                 std::function<void()> ended)
    : loop_{loop},
      environment_{environment},
      admission_{admission},
      events_{events},
      ended_{std::move(ended)},
      spec_{std::move(spec)},
      log_file_{environment.log_dir + "/detector_worker_camera_" + spec_.id.file_stem() + ".log"},
      activation_{environment.limits.activation, environment.utc_offset},
      since_wall_ns_{wall_ns()},
      last_generation_{environment.last_generation},
      policy_{environment.limits.restart, seed_of(spec_.id)},
      tick_{loop},
      retry_{loop} {}

void Session::start() { start_because("REQUESTED"); }

Result<Reconfiguration> Session::possible_change(const SessionSpec& spec) const {
  const auto how = reconfiguration(spec_, spec);
  // What a worker that has not named its model would make of other classes is not known.
  const bool is_tunable = is_running(condition_.state) && present_ && present_->model();
  const bool possible = how == Reconfiguration::Hot ? is_tunable : expects_frames(condition_.state);
  if (!wanted_ || !possible) return Reconfiguration::Replace;
  if (how == Reconfiguration::Hot && spec.pipeline) {
    const auto known = check_classes(spec, *present_->model());
    if (!known) return known.error();
  }
  return how;
}

Result<Reconfiguration> Session::reconfigure(SessionSpec spec,
                                             const std::function<void(const Result<>&)>& told) {
  auto possible = possible_change(spec);
  if (!possible) return possible;
  const Reconfiguration how = *possible;
  awaited_.reset();
  if (successor_) give_up_successor({ErrorCode::Unavailable, "other parameters came", {}});
  if (spec.pipeline != spec_.pipeline) {
    end_canary({ErrorCode::Unavailable, "the session's pipeline was changed", {}});
  }
  switch (how) {
    case Reconfiguration::Hot:
      change_hot(std::move(spec), told);
      return how;
    case Reconfiguration::Overlap: {
      policy_.reset();
      if (!has_models(spec)) {
        await_models(spec);
        break;
      }
      const RestartMode mode = *possible_mode(RestartMode::Auto, spec);
      begin_succession(std::move(spec), mode, true, "RECONFIGURED");
      break;
    }
    case Reconfiguration::Replace:
      refused_second_connection_ = refused_second_connection_ && spec.url == spec_.url;
      if (spec.url != spec_.url) left_session_.reset();
      spec_ = std::move(spec);
      if (!rest_) start_because("RECONFIGURED");
      break;
  }
  boost::asio::post(loop_, [told] { told({}); });
  return how;
}

void Session::change_hot(SessionSpec spec, const std::function<void(const Result<>&)>& told) {
  refused_second_connection_ = refused_second_connection_ && spec.max_rtsp_connections <= 1;
  std::vector<ipc::CommandBody> commands;
  if (spec.log_level != spec_.log_level) commands.emplace_back(ipc::SetLogLevel{spec.log_level});
  const bool is_tuned = spec.pipeline != spec_.pipeline || spec.zones != spec_.zones ||
                        spec.track_updates != spec_.track_updates;
  if (is_tuned) commands.emplace_back(tuning_of(spec));
  spec_ = std::move(spec);
  const auto answered = [this, told](const Result<>& answer) {
    if (!answer)
      log("not told to the worker, its successor will have it: " + answer.error().message);
    boost::asio::post(loop_, [told, answer] { told(answer); });
  };
  if (commands.empty()) return answered({});
  const std::int64_t deadline_ns =
      monotonic_ns() + nanoseconds{Millis{limits::kReconfigureTime}}.count();
  for (std::size_t i = 0; i < commands.size(); ++i) {
    // Carried out in order, so the last answer stands for all.
    const bool is_last = i + 1 == commands.size();
    const auto id = is_last ? pending_.add(deadline_ns, answered) : Result<std::uint64_t>{0};
    if (!id) return answered(id.error());
    const bool sent =
        present_->send({.request_id = *id, .deadline_ns = 0, .body = std::move(commands[i])});
    if (sent) continue;
    const Error busy{ErrorCode::Unavailable, "the worker takes no commands now", {}};
    return is_last ? pending_.fail(*id, busy) : answered(busy);
  }
}

void Session::start_because(const std::string& reason) {
  wanted_ = true;
  comes_from_rest_ = rest_.has_value() || generation_ == 0;
  rest_.reset();
  removal_announced_ = false;
  start_reason_ = reason;
  policy_.reset();
  handle({Kind::StartAsked}, "requested");
}

void Session::stop() {
  wanted_ = false;
  rest_.reset();
  awaited_.reset();
  canary_.reset();
  context_ = {};
  if (successor_) give_up_successor({ErrorCode::Unavailable, "the session was unsubscribed", {}});
  handle({Kind::StopAsked}, "requested");
}

std::int64_t Session::restart_deadline_ns() const {
  return monotonic_ns() + nanoseconds{environment_.limits.restarted}.count();
}

void Session::restart(RestartMode mode, std::function<void(Result<Restarted>)> done) {
  if (rest_) {
    return refuse(loop_, done,
                  {ErrorCode::Unavailable, "there is no worker to restart: " + rest_->why, {}});
  }
  if (pending_restart_ || successor_ || awaited_) {
    return refuse(loop_, done, {ErrorCode::Unavailable, "a restart is already under way", {}});
  }
  const auto possible = possible_mode(mode, spec_);
  if (!possible) return refuse(loop_, done, possible.error());
  pending_restart_ =
      PendingRestart{.deadline_ns = restart_deadline_ns(),
                     .last_result_ns = 0,
                     .frames_per_second = present_ ? present_->rates().inferred_per_second() : 0,
                     .done = std::move(done)};
  // Where there is no live picture, nothing is lost by ending first what does not work.
  if (!expects_frames(condition_.state)) return start();
  policy_.reset();
  begin_succession(spec_, *possible, mode == RestartMode::Auto, "REQUESTED");
}

void Session::handle(const SessionEvent& event, const std::string& text) {
  const SessionStep taken = step(condition_, event);
  if (taken.action == SessionAction::Spawn) {
    generation_ = successor_ ? successor_->worker->generation() : next_generation();
  }
  const bool removed = enter(taken.next, text);
  perform(taken.action, {event.reason, text, {}});
  if (removed) ended_();
}

bool Session::enter(const SessionCondition& next, const std::string& text) {
  const SessionCondition before = std::exchange(condition_, next);
  const bool removed = has_ended() && !removal_announced_;
  removal_announced_ = has_ended();
  const bool changed = before.state != next.state || before.reason != next.reason;
  if (changed) {
    since_wall_ns_ = before.state == next.state ? since_wall_ns_ : wall_ns();
    reason_text_ = text;
  }
  if (changed || removed) announce(before.state, removed);
  if (changed && !has_worker(next.state) && !successor_) {
    fail_restart(removed ? Error{ErrorCode::Unavailable, "the session was unsubscribed", {}}
                         : Error{next.reason, reason_text_, {}});
  }
  return removed;
}

void Session::announce(SessionState from, bool removed) {
  const auto& [state, reason, again] = condition_;
  auto level = spdlog::level::info;
  if (is_problem(spec_.availability, state, reason)) level = spdlog::level::warn;
  // Said once: why it cannot be reached may change with every try.
  const bool is_still_away =
      from == state && is_expected_absence(spec_.availability, state, reason);
  if (is_still_away) level = spdlog::level::debug;
  log(std::string{name_of(from)} + " -> " + std::string{name_of(state)} +
          " reason=" + std::string{name_of(reason)} + " text=\"" + reason_text_ + '"',
      level);
  tell_state(from, removed);
}

void Session::tell_state(SessionState from, bool removed) const {
  if (!events_.state) return;
  events_.state({.session = spec_.id,
                 .generation = generation_,
                 .from = from,
                 .to = condition_.state,
                 .at_wall_ns = wall_ns(),
                 .reason = condition_.reason,
                 .text = reason_text_,
                 .removed = removed,
                 .canary = canary_ ? std::optional{canary_->view.state} : std::nullopt});
}

void Session::perform(SessionAction action, const Error& reason) {
  switch (action) {
    case SessionAction::None:
      return;
    case SessionAction::Spawn:
      return spawn();
    case SessionAction::AskToStop:
      return present_ ? present_->ask_to_stop() : end_fetching();
    case SessionAction::Abort:
      return present_->abort(reason);
    case SessionAction::Kill:
      return present_->kill(reason);
    case SessionAction::ArmRetry:
      return arm_retry();
    case SessionAction::DisarmRetry:
      retry_.cancel();
      return;
  }
}

void Session::spawn() {
  retry_.cancel();
  if (pending_restart_) {
    // All that the worker before had to say has been read by now.
    pending_restart_->last_result_ns = last_result_ns_ != 0 ? last_result_ns_ : monotonic_ns();
  }
  if (successor_) return adopt_successor();
  if (!has_models(spec_)) return fetch_models();
  handover_.reset();
  const bool is_restart = !std::exchange(comes_from_rest_, false);
  if (is_restart) count_restart(start_reason_);
  auto worker = Incarnation::start(loop_, environment_, admission_,
                                   {.session = spec_,
                                    .generation = generation_,
                                    .log_file = log_file_,
                                    .left_session = left_session_,
                                    .context = context_},
                                   incarnation_events());
  if (worker) {
    left_session_.reset();
    present_ = std::move(*worker);
    log("worker started pid=" + std::to_string(present_->pid()));
    return arm_tick();
  }
  const auto decision = policy_.on_end(monotonic_ns(), Millis{0}, EndKind::Transient);
  retry_delay_ = decision.delay;
  start_reason_ = name_of(worker.error().code);
  handle({Kind::WorkerEnded, worker.error().code, decision.after}, worker.error().message);
}

Generation Session::next_generation() {
  ++last_generation_;
  if (events_.generation) events_.generation(last_generation_);
  return last_generation_;
}

void Session::count_restart(const std::string& reason) {
  ++restarts_total_;
  ++restarts_by_reason_[reason];
}

void Session::arm_retry() {
  retry_.expires_after(retry_delay_);
  retry_.async_wait([weak = weak_from_this(), armed = generation_](const error_code& error) {
    const auto self = weak.lock();
    if (!error && self && self->generation_ == armed) self->handle({Kind::RetryDue}, "retry");
  });
}

void Session::arm_tick() {
  tick_.expires_after(environment_.limits.watchdog.tick);
  tick_.async_wait([weak = weak_from_this()](const error_code& error) {
    const auto self = weak.lock();
    if (!error && self) self->on_tick();
  });
}

void Session::on_tick() {
  const std::int64_t now_ns = monotonic_ns();
  if (successor_ && successor_->deadline_ns <= now_ns) {
    give_up_successor({ErrorCode::Timeout,
                       "the new worker was not ready in time, it is " +
                           std::string{name_of(successor_->state.state)} + " " +
                           successor_->state_text + "; the old one stays",
                       {}});
  }
  if (pending_restart_ && !successor_ && pending_restart_->deadline_ns <= now_ns) {
    fail_restart({ErrorCode::Timeout,
                  "the new worker is not live yet, it is " +
                      std::string{name_of(condition_.state)} + "; it goes on trying",
                  {}});
  }
  pending_.expire(now_ns);
  // Held while it is looked at: what it says may end its time here.
  if (present_) look_at(*std::shared_ptr{present_});
  if (present_ && speaks(*present_)) {
    tell_alone(*present_, present_->waiting_events().take_left_over());
  }
  if (successor_) look_at(*std::shared_ptr{successor_->worker});
  if (successor_ && handover_ && handover_->complete(now_ns)) take_over();
  if (present_ || successor_ || is_fetching_) arm_tick();
}

void Session::look_at(Incarnation& worker) {
  const SessionState believed = is_present(worker) ? condition_.state : successor_->state.state;
  const auto& pipeline = is_present(worker) ? spec_.pipeline : successor_->spec.pipeline;
  const double max_fps = pipeline ? pipeline->max_fps : 0;
  const std::uint32_t every_n = pipeline ? pipeline->frames.every_n : 1;
  for (const auto& noticed : worker.look(monotonic_ns(), believed, max_fps, every_n)) {
    tell(worker, noticed.event, noticed.text);
  }
}

void Session::tell(const Incarnation& worker, const SessionEvent& event, const std::string& text) {
  if (is_present(worker)) return handle(event, text);
  if (is_successor(worker)) handle_successor(event, text);
}

SessionView Session::view() const {
  SessionView view{
      .spec = spec_,
      .context = context_,
      .wanted = wanted_ && !rest_,
      .state = condition_.state,
      .since_wall_ns = since_wall_ns_,
      .reason = condition_.reason,
      .reason_text = reason_text_,
      .next_start_wall_ns = rest_ ? rest_->next_start_wall_ns : std::nullopt,
      .generation = generation_,
      .successor = {},
      .model = last_model_,
      .confinement = {},
      .counters = last_counters_,
      .restarts_total = restarts_total_,
      .restarts_by_reason = restarts_by_reason_,
      .alerts = alerts_,
      .last_exits = {exits_.begin(), exits_.end()},
      .log_file = log_file_,
      .memory_limit = {.bytes = environment_.worker.limits.memory_bytes,
                       .enforcement = environment_.memory_enforcement()},
      .canary = canary(),
  };
  if (present_) {
    view.pid = present_->pid();
    view.worker_started_wall_ns = present_->started_wall_ns();
    view.model = present_->model();
    view.confinement = present_->confinement();
    view.counters = present_->counters();
    view.memory_limit.enforcement = present_->memory_enforcement();
  }
  if (successor_) {
    view.successor = SuccessorView{.generation = successor_->worker->generation(),
                                   .pid = successor_->worker->pid(),
                                   .state = successor_->state.state};
  }
  return view;
}

void Session::log(const std::string& text, spdlog::level::level_enum level) const {
  if (!environment_.log) return;
  environment_.log->log(level, "session={} generation={} {}", spec_.id.text(), generation_, text);
}

}  // namespace bulkhead::supervisor
