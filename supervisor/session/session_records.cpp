// What a session makes of its workers' words and of their ends.

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <cmath>
#include <utility>
#include <variant>

#include "common/clock.hpp"
#include "common/limits.hpp"
#include "common/redaction.hpp"
#include "supervisor/session/session.hpp"

namespace bulkhead::supervisor {

using Kind = SessionEvent::Kind;

namespace {

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

std::string printable(const std::string& text) {
  return printable_text(text, limits::kReasonBytes);
}

const ActiveAlert* alert_of(const std::vector<ActiveAlert>& alerts, ipc::AlertKind kind) {
  const auto found = std::ranges::find(alerts, kind, &ActiveAlert::kind);
  return found == alerts.end() ? nullptr : &*found;
}

}  // namespace

Incarnation::Events Session::incarnation_events() {
  // Incarnations are ours and are let go of before we end.
  return {
      .record = [this](Incarnation& worker, const auto& taken) { on_record(worker, taken); },
      .broken = [this](Incarnation& worker, const Error& error) { on_broken(worker, error); },
      .exited = [this](Incarnation& worker, const ExitStatus& exit) { on_exited(worker, exit); }};
}

void Session::on_record(Incarnation& worker, const ipc::PriorityConsumer::Taken& taken) {
  worker.count_result();
  std::visit(Overloaded{
                 [&](const Detection& detection) { on_detection(worker, taken, detection); },
                 [&](const ipc::CameraChange& change) { on_camera(worker, taken.record, change); },
                 [&](const ipc::Ack& ack) {
                   if (is_present(worker)) {
                     pending_.acknowledge({ack.request_id, ack.code, printable(ack.text)});
                   }
                 },
                 [&](const ipc::ModelLoaded& loaded) { on_model(worker, loaded.card); },
                 [&](const ipc::Confined& level) { on_confined(worker, level); },
                 [&](const ipc::Alert& alert) { on_alert(worker, alert); },
                 [&](const ipc::ZonesInEffect& zones) {
                   worker.take_zones(taken.record.sequence, zones.names);
                 },
                 [&](const ipc::Event&) { on_event(worker, taken); },
                 [&](const ipc::ResultsEnded& ended) {
                   count_results_after(worker, ended.after_capture_ns);
                 },
                 [&](const ipc::CanaryReport& report) { on_canary_report(worker, report); },
                 [&](const ipc::RtspSessionChange& change) { worker.take_rtsp_session(change); },
                 [&](const ipc::Fatal& fatal) {
                   worker.take_last_words({fatal.reason, printable(fatal.text)});
                 },
                 [&](const ipc::Gap& gap) {
                   if (is_present(worker) && events_.gap) {
                     events_.gap({spec_.id, worker.generation(), gap});
                   }
                 },
                 [&](const ipc::AskToConnect&) {
                   if (is_present(worker) || is_successor(worker)) worker.open_camera();
                 },
             },
             taken.record.body);
}

void Session::on_detection(Incarnation& worker, const ipc::PriorityConsumer::Taken& taken,
                           const Detection& detection) {
  if (!worker.model()) {
    return on_broken(worker,
                     {ErrorCode::ProtocolError, "a detection before its model was named", {}});
  }
  if (!is_present(worker) && !is_successor(worker)) return;
  const std::int64_t now_ns = monotonic_ns();
  if (taken.record.deadline_ns != 0 && taken.record.deadline_ns < now_ns) {
    return drop_expired(worker, taken);
  }
  if (detection.patch_of != 0) return on_patch(worker, taken);
  auto verdict = Handover::Verdict::Publish;
  const bool is_old = successor_ && is_present(worker);
  if (handover_) {
    const Handover::Stamp stamp{detection.camera_ns, detection.arrival_ns};
    verdict = is_old ? handover_->of_old(stamp) : handover_->of_new(now_ns, stamp);
  }
  const bool is_told_now = verdict == Handover::Verdict::Publish;
  const auto events = worker.waiting_events().take(detection.frame_id);
  if (verdict == Handover::Verdict::Drop && !is_old) {
    track_ids_.compare(worker.generation(), detection);
  }
  // What the old worker tells comes before all of the new one's.
  if (is_old && is_told_now) publish(taken, events);
  if (verdict == Handover::Verdict::Hold) held_.push_back({taken, events});
  const bool holds_enough = held_.size() >= environment_.limits.handover.held_results;
  if (successor_ && handover_ && (handover_->complete(now_ns) || holds_enough)) take_over();
  if (!is_old && is_told_now) publish(taken, events);
}

void Session::drop_expired(Incarnation& worker, const ipc::PriorityConsumer::Taken& taken) const {
  worker.count_expired();
  if (!is_present(worker) || !events_.gap) return;
  const Sequence sequence = taken.record.sequence;
  events_.gap({.session = spec_.id,
               .generation = generation_,
               .gap = {.priority = taken.priority, .from = sequence, .to = sequence, .count = 1},
               .why = GapEvent::Why::TtlExpired});
}

void Session::publish(const ipc::PriorityConsumer::Taken& taken,
                      const std::vector<ipc::PriorityConsumer::Taken>& events) {
  const ipc::Record& record = taken.record;
  if (handover_ && !successor_) {
    finish_restart(record.publish_ns, RestartMode::Overlap);
    handover_.reset();
  }
  last_result_ns_ = record.publish_ns;
  Detection detection = std::get<Detection>(record.body);
  last_capture_wall_ns_ = detection.capture_wall_ns;
  track_ids_.tell(generation_, detection);
  for (const auto& event : events) tell_event(event);
  if (!detection.objects.empty()) last_found_ = {generation_, record.sequence};
  publish_result(taken, detection);
}

void Session::on_camera(Incarnation& worker, const ipc::Record& record,
                        const ipc::CameraChange& change) {
  switch (change.state) {
    case ipc::CameraState::Connecting:
      return tell(worker, {Kind::CameraConnecting});
    case ipc::CameraState::Live:
      tell(worker, {Kind::CameraLive});
      if (is_present(worker) && condition_.state == SessionState::Live && !handover_ &&
          !successor_) {
        finish_restart(record.publish_ns, RestartMode::Replace);
      }
      return;
    case ipc::CameraState::Frozen:
      return tell(worker, {Kind::CameraFrozen, change.reason}, printable(change.text));
    case ipc::CameraState::Lost:
      tell(worker, {Kind::CameraLost, change.reason}, printable(change.text));
      // Trying again by itself would only lock us out; an operator has to act first.
      if (is_present(worker) && condition_.state == SessionState::AuthFailed && !successor_) {
        fail_restart({change.reason, reason_text_, {}});
      }
      return;
  }
}

void Session::on_alert(Incarnation& worker, const ipc::Alert& alert) {
  if (const auto taken = worker.take_alert(alert); !taken) return on_broken(worker, taken.error());
  if (is_present(worker)) tell_alerts(alert.text);
}

void Session::tell_alerts(const std::string& why_ended) {
  std::vector<ActiveAlert> now = present_ ? present_->alerts() : std::vector<ActiveAlert>{};
  // One that the next worker sees as well goes on.
  for (ActiveAlert& alert : now) {
    if (const ActiveAlert* told = alert_of(alerts_, alert.kind)) alert = *told;
  }
  const std::vector<ActiveAlert> before = std::exchange(alerts_, std::move(now));
  for (const ActiveAlert& ended : before) {
    if (alert_of(alerts_, ended.kind) == nullptr)
      tell_alert({ended.kind, wall_ns(), why_ended}, false);
  }
  for (const ActiveAlert& begun : alerts_) {
    if (alert_of(before, begun.kind) == nullptr) tell_alert(begun, true);
  }
}

void Session::tell_alert(const ActiveAlert& alert, bool active) const {
  log("alert " + std::string{name_of(alert.kind)} + (active ? " begins" : " ends") + " text=\"" +
      alert.text + '"');
  if (!events_.alert) return;
  events_.alert({.session = spec_.id,
                 .generation = generation_,
                 .kind = alert.kind,
                 .active = active,
                 .since_wall_ns = alert.since_wall_ns,
                 .text = alert.text});
}

void Session::on_model(Incarnation& worker, const ModelCard& card) {
  if (const auto taken = worker.take_model(card); !taken) return on_broken(worker, taken.error());
  if (is_successor(worker) && successor_->mode == RestartMode::Replace) {
    handle({Kind::StartAsked}, "its successor has loaded all it needs");
  }
}

void Session::on_confined(Incarnation& worker, const ipc::Confined& level) {
  if (const auto taken = worker.take_confinement(level); !taken) on_broken(worker, taken.error());
}

void Session::on_broken(Incarnation& worker, const Error& error) {
  if (worker.is_doomed()) return;
  tell(worker, {Kind::WorkerBroken, error.code}, error.message);
  if (!worker.is_doomed()) worker.kill(error);
}

void Session::on_exited(Incarnation& worker, const ExitStatus& exit) {
  const WorkerEnd end = worker.classify(exit);
  record_end(worker, exit, end);
  if (is_present(worker)) {
    last_model_ = worker.model();
    last_counters_ = worker.counters();
    last_counters_.fps = 0;
    left_session_ = worker.rtsp_session(spec_.url);
    tell_alone(worker, worker.waiting_events().take_all());
    const Millis healthy = worker.healthy_time();
    present_.reset();
    lose_canary(end.reason, "its worker died: " + end.text);
    tell_alerts("the worker ended");
    return on_present_exited(end, healthy);
  }
  if (is_successor(worker)) {
    stay_with(spec_, drop_successor().spec);
    if (condition_.state == SessionState::Stopping) return;  // a fresh one follows
    return fail_restart({end.reason, "the new worker " + end.text + "; the old one stays", {}});
  }
  count_results_after(worker, last_capture_wall_ns_);  // where it did not come to say it
  std::erase_if(retiring_, [&](const auto& retiring) { return retiring.get() == &worker; });
  if (!has_ended() || std::exchange(removal_announced_, true)) return;
  announce(condition_.state, true);
  ended_();
}

void Session::on_present_exited(const WorkerEnd& end, Millis healthy) {
  pending_.fail_all({ErrorCode::Unavailable, "the worker ended before it answered", {}});
  RestartPolicy::Decision decision{AfterEnd::Retry};
  if (condition_.state != SessionState::Stopping) {
    decision = policy_.on_end(monotonic_ns(), healthy, end.kind);
    start_reason_ = name_of(end.reason);
  }
  retry_delay_ = decision.delay;
  handle({Kind::WorkerEnded, end.reason, decision.after}, rest_ ? rest_->why : end.text);
  // One that was to take over anyway is nearer to the camera than any that is started now.
  if (successor_ && wanted_ && !present_) {
    handle({Kind::StartAsked}, "its successor takes over");
  }
}

void Session::record_end(const Incarnation& worker, const ExitStatus& exit, const WorkerEnd& end) {
  exits_.push_front(worker.end_record(exit, end));
  if (exits_.size() > limits::kExitRecords) exits_.pop_back();
  log("worker ended pid=" + std::to_string(worker.pid()) +
      " generation=" + std::to_string(worker.generation()) + " code=" + std::to_string(exit.code) +
      " signal=" + std::to_string(exit.signal) + " peak_rss=" +
      std::to_string(exit.peak_rss_bytes) + " cpu_ms=" + std::to_string(exit.cpu_ms) +
      " reason=" + std::string{name_of(end.reason)} + " text=\"" + end.text + '"');
}

void Session::finish_restart(std::int64_t live_ns, RestartMode mode) {
  if (!pending_restart_) return;
  const PendingRestart asked = *std::exchange(pending_restart_, std::nullopt);
  const double gap_s = std::max(0.0, to_seconds(live_ns - asked.last_result_ns));
  Handover::Cost cost;
  if (mode == RestartMode::Overlap) {
    cost = handover_->cost().value_or(Handover::Cost{});
  } else {
    // Two results of a camera are one frame apart without any loss.
    const double lost = std::max(0.0, std::round(gap_s * asked.frames_per_second) - 1);
    cost.lost_frames = static_cast<std::uint64_t>(lost);
  }
  boost::asio::post(
      loop_, [done = asked.done, reply = Restarted{.mode = mode,
                                                   .generation = generation_,
                                                   .gap_ms = std::llround(gap_s * 1e3),
                                                   .lost_frames = cost.lost_frames,
                                                   .duplicate_frames = cost.duplicate_frames}] {
        done(reply);
      });
}

void Session::fail_restart(const Error& error) {
  if (!pending_restart_) return;
  const PendingRestart asked = *std::exchange(pending_restart_, std::nullopt);
  boost::asio::post(loop_, [done = asked.done, error] { done(error); });
}

}  // namespace bulkhead::supervisor
