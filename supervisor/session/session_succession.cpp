// From one worker to the next while the camera is watched: the new one starts beside the old and
// takes over once it can; until then the old one is the session.

#include <chrono>
#include <utility>

#include "common/clock.hpp"
#include "supervisor/session/session.hpp"

namespace bulkhead::supervisor {

using Kind = SessionEvent::Kind;

namespace {

/// By so much two workers may differ in when the same frame came. Less than between two frames of
/// any camera, so none is left out for it.
constexpr std::int64_t kSameFrameNs = 8 * kNsPerMs;

std::int64_t interval_ns(double per_second) {
  return per_second > 0 ? static_cast<std::int64_t>(static_cast<double>(kNsPerSecond) / per_second)
                        : 0;
}

Handover::Intervals intervals_of(const FrameRates& rates) {
  return {.frame_ns = interval_ns(rates.decoded_per_second()),
          .result_ns = interval_ns(rates.inferred_per_second())};
}

}  // namespace

Result<RestartMode> Session::possible_mode(RestartMode wanted, const SessionSpec& spec) const {
  const auto impossible = [&](const std::string& why) -> Result<RestartMode> {
    if (wanted == RestartMode::Auto) return RestartMode::Replace;
    return Error{ErrorCode::InvalidParams, why + "; use \"replace\" or \"auto\"", "mode"};
  };
  if (wanted == RestartMode::Replace) return wanted;
  if (spec.url.scheme == "file") return impossible("a clip begins anew for a second reader");
  if (spec.max_rtsp_connections == 1) {
    return impossible("maxRtspConnections of this camera is 1");
  }
  if (refused_second_connection_) {
    return impossible("this camera has refused a second connection");
  }
  if (!expects_frames(condition_.state)) {
    return impossible("the session is " + std::string{name_of(condition_.state)} +
                      ", there are no results to take over");
  }
  return RestartMode::Overlap;
}

void Session::begin_succession(SessionSpec spec, RestartMode mode, bool may_replace,
                               const std::string& reason) {
  using Camera = Incarnation::Camera;
  handover_.reset();  // of the one before, where the present worker has not spoken yet
  auto worker = Incarnation::start(
      loop_, environment_, admission_,
      {.session = spec,
       .generation = next_generation(),
       .log_file = log_file_,
       .camera = mode == RestartMode::Overlap ? Camera::AtOnce : Camera::OnCommand,
       .yields = true,
       .context = context_},
      incarnation_events());
  if (!worker) {
    log("no successor could be started, text=\"" + worker.error().message + '"');
    stay_with(spec_, spec);
    return fail_restart(worker.error());
  }
  log("successor started mode=" + std::string{name_of(mode)} + " generation=" +
      std::to_string(last_generation_) + " pid=" + std::to_string((*worker)->pid()));
  successor_ = Successor{.worker = std::move(*worker),
                         .spec = std::move(spec),
                         .mode = mode,
                         .may_replace = may_replace,
                         .reason = reason,
                         .state = {SessionState::Starting},
                         .state_text = {},
                         .deadline_ns = restart_deadline_ns()};
  if (mode == RestartMode::Overlap) {
    handover_.emplace(environment_.limits.handover, intervals_of(present_->rates()));
  }
}

std::optional<RecyclingReason> Session::recycling_due(std::int64_t now_ns) const {
  const bool possible = wanted_ && present_ && !present_->is_doomed() && !successor_ && !awaited_ &&
                        !pending_restart_ && expects_frames(condition_.state);
  const std::int64_t retry_ns =
      std::chrono::nanoseconds{environment_.limits.recycling.retry}.count();
  if (!possible || (recycled_ns_ != 0 && now_ns - recycled_ns_ < retry_ns)) return std::nullopt;
  return present_->recycling_due(now_ns);
}

void Session::recycle(std::int64_t now_ns, RecyclingReason reason) {
  recycled_ns_ = now_ns;
  begin_succession(spec_, *possible_mode(RestartMode::Auto, spec_), true,
                   std::string{name_of(reason)});
}

void Session::handle_successor(const SessionEvent& event, const std::string& text) {
  const SessionStep taken = step(successor_->state, event);
  if (taken.next != successor_->state) successor_->state_text = text;
  successor_->state = taken.next;
  const auto worker = successor_->worker;
  if (taken.action == SessionAction::Abort) worker->abort({event.reason, text, {}});
  if (taken.action == SessionAction::Kill) worker->kill({event.reason, text, {}});
  if (event.kind == Kind::CameraLost) on_successor_lost_camera(event, text);
}

void Session::on_successor_lost_camera(const SessionEvent& event, const std::string& text) {
  // What the camera refuses for good it refuses to the next try as well; and one that is being
  // locked out by a wrong password shall not be asked again.
  if (persistence_of(event.reason) == Persistence::Permanent ||
      event.reason == ErrorCode::AuthFailed) {
    return give_up_successor({event.reason, text + "; the old worker stays", {}});
  }
  if (event.reason != ErrorCode::LimitReached) return;
  // One that was asked to leave may still be connected; then nothing is learned.
  refused_second_connection_ = retiring_.empty();
  log("the camera refuses a second connection, text=\"" + text + '"');
  if (!successor_->may_replace) {
    return give_up_successor(
        {ErrorCode::LimitReached, text + "; use \"replace\" or \"auto\"", "mode"});
  }
  Successor refused = drop_successor();
  retire(std::move(refused.worker));
  begin_succession(std::move(refused.spec), RestartMode::Replace, false, refused.reason);
}

void Session::give_up_successor(const Error& error) {
  log("successor given up generation=" + std::to_string(successor_->worker->generation()) +
      " reason=" + std::string{name_of(error.code)} + " text=\"" + error.message + '"');
  Successor failed = drop_successor();
  stay_with(spec_, failed.spec);
  retire(std::move(failed.worker));
  fail_restart(error);
}

Session::Successor Session::drop_successor() {
  handover_.reset();
  held_.clear();
  return *std::exchange(successor_, std::nullopt);
}

void Session::stay_with(const SessionSpec& served, const SessionSpec& refused) {
  if (served != refused && events_.reverted) events_.reverted(served);
  settle_canary();
}

void Session::take_over() {
  if (pending_restart_) pending_restart_->last_result_ns = last_result_ns_;
  pending_.fail_all({ErrorCode::Unavailable, "the worker was replaced before it answered", {}});
  keeps_results_ = present_->generation();
  lose_canary(ErrorCode::None, "its worker was replaced");
  retire(std::exchange(present_, nullptr));
  generation_ = successor_->worker->generation();
  adopt_successor();
}

void Session::adopt_successor() {
  Successor next = *std::exchange(successor_, std::nullopt);
  count_restart(next.reason);
  spec_ = std::move(next.spec);
  present_ = std::move(next.worker);
  // One that died has kept what it told; what one that leaves has kept, it says itself.
  if (!keeps_results_) present_->count_results(last_capture_wall_ns_);
  // One that overlaps has not waited for the end of the one before.
  const auto left = std::exchange(left_session_, std::nullopt);
  if (next.mode == RestartMode::Replace) {
    if (left) present_->inherit(*left);
    present_->open_camera();
  }
  if (handover_) handover_->force();  // the worker before has no more to say
  log("successor took over pid=" + std::to_string(present_->pid()));
  const SessionState before = std::exchange(condition_, next.state).state;
  reason_text_ = std::move(next.state_text);
  if (before != condition_.state) since_wall_ns_ = wall_ns();
  // The start of a new worker has been announced already.
  const bool is_news = before != SessionState::Starting || condition_.state != before;
  if (is_news) announce(before, false);
  tell_alerts("another worker took over");
  settle_canary();
  arm_tick();
  for (const auto& [detection, events] : std::exchange(held_, {})) publish(detection, events);
}

void Session::count_results_after(const Incarnation& worker, std::int64_t after_capture_ns) {
  if (keeps_results_ != worker.generation()) return;
  keeps_results_.reset();
  if (present_) present_->count_results(after_capture_ns + kSameFrameNs);
}

void Session::retire(std::shared_ptr<Incarnation> worker) {
  worker->ask_to_stop();
  retiring_.push_back(std::move(worker));
}

}  // namespace bulkhead::supervisor
