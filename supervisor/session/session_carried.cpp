// A session over an upgrade of the supervisor.

#include <utility>

#include "supervisor/session/session.hpp"

namespace bulkhead::supervisor {

std::optional<Incarnation::Carried> Session::carried_worker() const {
  return present_ && is_running(condition_.state) ? present_->carried() : std::nullopt;
}

CarriedSession Session::carried() const {
  auto worker = carried_worker();
  const bool leaves_one = present_ && !worker;
  // A successor's own worker is not carried; what it was to serve is.
  const bool is_other = worker && spec() != spec_;
  // One that is being promoted goes on as what the session is asked to be.
  const bool has_canary =
      canary_ && is_open(canary_->view.state) && canary_->view.state != CanaryState::Promoting;
  return {.spec = worker ? spec_ : spec(),
          .context = context_,
          .asked = is_other ? std::optional{spec()} : std::nullopt,
          .condition = condition_,
          .reason_text = reason_text_,
          .since_wall_ns = since_wall_ns_,
          .generation = generation_,
          .last_generation = last_generation_,
          .worker = std::move(worker),
          .left_session = leaves_one ? present_->rtsp_session(spec_.url) : left_session_,
          .alerts = alerts_,
          .restarts_total = restarts_total_,
          .restarts_by_reason = restarts_by_reason_,
          .exits = {exits_.begin(), exits_.end()},
          .last_result_ns = last_result_ns_,
          .track_ids = track_ids_.carried(),
          .refused_second_connection = refused_second_connection_,
          .canary = has_canary ? std::optional{canary_->view.model} : std::nullopt};
}

std::vector<std::shared_ptr<Incarnation>> Session::uncarried() const {
  std::vector<std::shared_ptr<Incarnation>> workers = retiring_;
  if (successor_) workers.push_back(successor_->worker);
  if (present_ && !carried_worker()) workers.push_back(present_);
  return workers;
}

void Session::resume(const CarriedSession& carried) {
  generation_ = carried.generation;
  last_generation_ = carried.last_generation;
  restarts_total_ = carried.restarts_total;
  restarts_by_reason_ = carried.restarts_by_reason;
  exits_.assign(carried.exits.begin(), carried.exits.end());
  last_result_ns_ = carried.last_result_ns;
  track_ids_ = TrackIds{carried.track_ids};
  refused_second_connection_ = carried.refused_second_connection;
  left_session_ = carried.left_session;
  context_ = carried.context;
  if (!carried.worker || !is_running(carried.condition.state)) return;
  auto worker = Incarnation::resume(
      loop_, environment_, admission_,
      {.session = spec_, .generation = carried.worker->generation, .log_file = log_file_},
      *carried.worker, incarnation_events());
  if (!worker) {
    left_session_ = carried.worker->rtsp_session;
    return log("the worker cannot go on, text=\"" + worker.error().message + '"');
  }
  present_ = std::move(*worker);
  condition_ = carried.condition;
  reason_text_ = carried.reason_text;
  since_wall_ns_ = carried.since_wall_ns;
  alerts_ = carried.alerts;
  log("worker goes on pid=" + std::to_string(present_->pid()));
  // The program before may have ended between two workers.
  present_->count_results(0);
  present_->set_context(context_);  // or before it had told it to the worker
  if (carried.canary) {
    canary_ = CanaryTrial{.view = {.model = *carried.canary}};
    end_canary({ErrorCode::Unavailable, "the supervisor was upgraded", {}});
  }
  arm_tick();
}

}  // namespace bulkhead::supervisor
