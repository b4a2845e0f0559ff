#include "supervisor/session/session.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/post.hpp>
#include <functional>
#include <utility>

#include "common/clock.hpp"
#include "ipc/start_message.hpp"
#include "supervisor/session/worker_readings.hpp"

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
                 const SessionEvents& events, SessionSpec spec, std::function<void()> ended)
    : loop_{loop},
      environment_{environment},
      events_{events},
      ended_{std::move(ended)},
      spec_{std::move(spec)},
      log_file_{environment.log_dir + "/detector_worker_camera_" + spec_.id.file_stem() + ".log"},
      since_wall_ns_{wall_ns()},
      watchdog_{environment.limits.watchdog},
      policy_{environment.limits.restart, seed_of(spec_.id)},
      tick_{loop},
      retry_{loop},
      kill_{loop} {}

void Session::start() { start_because("REQUESTED"); }

void Session::reconfigure(SessionSpec spec) {
  spec_ = std::move(spec);
  start_because("RECONFIGURED");
}

void Session::start_because(const std::string& reason) {
  wanted_ = true;
  removal_announced_ = false;
  start_reason_ = reason;
  policy_.reset();
  handle({Kind::StartAsked}, "requested");
}

void Session::stop() {
  wanted_ = false;
  handle({Kind::StopAsked}, "requested");
}

void Session::restart(std::function<void(Result<Restarted>)> done) {
  if (pending_restart_) {
    return boost::asio::post(loop_, [done = std::move(done)] {
      done(Error{ErrorCode::Unavailable, "a restart is already under way", {}});
    });
  }
  const std::int64_t now_ns = monotonic_ns();
  pending_restart_ =
      PendingRestart{.deadline_ns = now_ns + nanoseconds{environment_.limits.restarted}.count(),
                     .last_result_ns = 0,
                     .frames_per_second = incarnation_.rates.inferred_per_second(),
                     .done = std::move(done)};
  start();
}

void Session::snapshot(std::function<void(Result<std::vector<std::byte>>)> done) {
  const auto refuse = [&](Error error) {
    boost::asio::post(loop_, [done = std::move(done), error = std::move(error)] { done(error); });
  };
  if (!link_ || !is_running(condition_.state)) {
    return refuse({ErrorCode::Unavailable, "no worker runs for this session now", {}});
  }
  const std::int64_t deadline_ns =
      monotonic_ns() + nanoseconds{environment_.limits.snapshot}.count();
  const auto id = pending_.add(deadline_ns, [this, done](const Result<>& answer) {
    Result<std::vector<std::byte>> picture{
        Error{ErrorCode::Unavailable, "there is no picture yet", {}}};
    if (!answer) picture = answer.error();
    // Only the answer of a living worker says that the slot holds what was asked for.
    if (auto jpeg = answer && link_ ? link_->preview() : std::nullopt) picture = std::move(*jpeg);
    boost::asio::post(loop_,
                      [done, picture = std::move(picture)]() mutable { done(std::move(picture)); });
  });
  if (!id) return refuse(id.error());
  if (!link_->send({.request_id = *id, .deadline_ns = deadline_ns, .body = ipc::TakeSnapshot{}})) {
    pending_.fail(*id, {ErrorCode::Unavailable, "the worker takes no commands now", {}});
  }
}

void Session::handle(const SessionEvent& event, std::string text) {
  const SessionCondition before = condition_;
  const SessionStep taken = step(before, event);
  condition_ = taken.next;
  if (taken.action == SessionAction::Spawn) ++generation_;

  const bool removed = has_ended() && !removal_announced_;
  removal_announced_ = has_ended();
  const bool changed = before.state != condition_.state || before.reason != condition_.reason;
  if (changed) {
    since_wall_ns_ = before.state == condition_.state ? since_wall_ns_ : wall_ns();
    reason_text_ = std::move(text);
  }
  if (changed || removed) announce(before.state, removed);
  if (changed && !has_worker(condition_.state)) {
    fail_restart(removed ? Error{ErrorCode::Unavailable, "the session was unsubscribed", {}}
                         : Error{condition_.reason, reason_text_, {}});
  }
  perform(taken.action);
  if (removed) ended_();
}

void Session::announce(SessionState from, bool removed) {
  log(std::string{name_of(from)} + " -> " + std::string{name_of(condition_.state)} +
      " reason=" + std::string{name_of(condition_.reason)} + " text=\"" + reason_text_ + '"');
  if (!events_.state) return;
  events_.state({.session = spec_.id,
                 .generation = generation_,
                 .from = from,
                 .to = condition_.state,
                 .at_wall_ns = wall_ns(),
                 .reason = condition_.reason,
                 .text = reason_text_,
                 .removed = removed});
}

void Session::perform(SessionAction action) {
  switch (action) {
    case SessionAction::None:
      return;
    case SessionAction::Spawn:
      return spawn();
    case SessionAction::AskToStop:
      link_->ask_to_stop();
      return arm_kill(environment_.limits.term_grace);
    case SessionAction::Abort:
      link_->abort();
      return arm_kill(environment_.limits.abort_grace);
    case SessionAction::Kill:
      if (!incarnation_.killed_for) {
        incarnation_.killed_for = Error{ErrorCode::WorkerHung, "it did not stop in time", {}};
      }
      return link_->kill();
    case SessionAction::ArmRetry:
      return arm_retry();
    case SessionAction::DisarmRetry:
      retry_.cancel();
      return;
  }
}

void Session::spawn() {
  retry_.cancel();
  incarnation_ = {};
  incarnation_.started_ns = monotonic_ns();
  incarnation_.started_wall_ns = wall_ns();
  watchdog_ = ProgressWatchdog{environment_.limits.watchdog};
  if (pending_restart_) {
    // All that the worker before had to say has been read by now.
    pending_restart_->last_result_ns =
        last_result_ns_ != 0 ? last_result_ns_ : incarnation_.started_ns;
  }
  if (generation_ > 1) {
    ++restarts_total_;
    ++restarts_by_reason_[start_reason_];
  }

  const ipc::StartMessage start{.spec = spec_,
                                .generation = generation_,
                                .log_file = log_file_,
                                .log_max_bytes = environment_.log_max_bytes,
                                .log_backup_count = environment_.log_backup_count,
                                .cache_dir = environment_.state_dir + "/cache",
                                .model_dir = environment_.model_dir,
                                .model_catalog = environment_.model_catalog};
  // The link is ours and is let go of before we end; none of these can come later.
  auto link =
      WorkerLink::start(loop_,
                        {.executable = environment_.worker_executable,
                         .generation = generation_,
                         .limits = {.memory_bytes = environment_.memory_per_process_bytes},
                         .start_json = start.to_json()},
                        {.record = [this](const auto& taken) { on_record(taken); },
                         .broken = [this](const Error& error) { doom(Kind::WorkerBroken, error); },
                         .exited = [this](const ExitStatus& exit) { on_exited(exit); }});
  if (link) {
    link_ = std::move(*link);
    log("worker started pid=" + std::to_string(link_->pid()));
    return arm_tick();
  }
  const auto decision = policy_.on_end(monotonic_ns(), Millis{0}, EndKind::Transient);
  retry_delay_ = decision.delay;
  start_reason_ = name_of(link.error().code);
  handle({Kind::WorkerEnded, link.error().code, decision.after}, link.error().message);
}

void Session::doom(Kind kind, const Error& error) {
  if (incarnation_.killed_for) return;
  incarnation_.killed_for = error;
  if (kind == Kind::WorkerBroken) link_->stop_reading();
  handle({kind, error.code}, error.message);
}

void Session::arm_retry() {
  retry_.expires_after(retry_delay_);
  retry_.async_wait([weak = weak_from_this(), armed = generation_](const error_code& error) {
    const auto self = weak.lock();
    if (!error && self && self->generation_ == armed) self->handle({Kind::RetryDue}, "retry");
  });
}

void Session::arm_kill(Millis grace) {
  kill_.expires_after(grace);
  kill_.async_wait([weak = weak_from_this(), armed = generation_](const error_code& error) {
    const auto self = weak.lock();
    if (error || !self || !self->link_ || self->generation_ != armed) return;
    self->handle({Kind::KillDue});
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
  if (pending_restart_ && pending_restart_->deadline_ns <= now_ns) {
    fail_restart({ErrorCode::Timeout,
                  "the new worker is not live yet, it is " +
                      std::string{name_of(condition_.state)} + "; it goes on trying",
                  {}});
  }
  pending_.expire(now_ns);
  if (!link_) return;
  link_->poll();
  watch(now_ns);
  arm_tick();
}

void Session::watch(std::int64_t now_ns) {
  if (!is_running(condition_.state) || incarnation_.killed_for) return;
  const auto stage = read_stage(link_->status());
  if (!stage) {
    return doom(Kind::WorkerBroken, {ErrorCode::Corrupt, "status page: no such stage", {}});
  }
  WorkerProgress seen = read_progress(link_->status(), *stage);
  seen.greeted = link_->greeted();
  seen.has_camera = expects_frames(condition_.state);
  const auto verdict = watchdog_.observe(now_ns, seen);
  if (verdict.hung) return doom(Kind::WorkerHung, {ErrorCode::WorkerHung, *verdict.hung, {}});
  if (!seen.has_camera) {
    incarnation_.rates = {};
    return;
  }
  incarnation_.rates.observe(now_ns, seen.frames_decoded_total, seen.frames_inferred_total);
  if (verdict.frames_missing) return handle({Kind::FramesMissing}, "no new frame");
  handle({Kind::FramesFlow});
  const double max_fps = spec_.pipeline ? spec_.pipeline->max_fps : 0;
  if (incarnation_.rates.falling_behind(max_fps)) {
    handle({Kind::FallingBehind}, "less than half of the frames asked for are inferred");
  } else {
    handle({Kind::KeepingUp});
  }
}

SessionView Session::view() const {
  SessionView view{
      .spec = spec_,
      .wanted = wanted_,
      .state = condition_.state,
      .since_wall_ns = since_wall_ns_,
      .reason = condition_.reason,
      .reason_text = reason_text_,
      .generation = generation_,
      .pid = link_ ? link_->pid() : -1,
      .worker_started_wall_ns = link_ ? incarnation_.started_wall_ns : 0,
      .model = incarnation_.model,
      .counters = incarnation_.counters,
      .restarts_total = restarts_total_,
      .restarts_by_reason = restarts_by_reason_,
      .last_exits = {exits_.begin(), exits_.end()},
      .log_file = log_file_,
  };
  if (link_) read_counters(link_->status(), monotonic_ns(), view.counters);
  view.counters.fps = incarnation_.rates.inferred_per_second();
  return view;
}

void Session::log(const std::string& text) const {
  if (!environment_.log) return;
  environment_.log->info("session={} generation={} {}", spec_.id.text(), generation_, text);
}

}  // namespace bulkhead::supervisor
