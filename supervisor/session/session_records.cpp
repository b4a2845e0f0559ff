// What a session makes of its worker's words and of its end.

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <cmath>
#include <utility>
#include <variant>

#include "common/clock.hpp"
#include "common/limits.hpp"
#include "common/redaction.hpp"
#include "supervisor/session/log_tail.hpp"
#include "supervisor/session/session.hpp"
#include "supervisor/session/worker_readings.hpp"

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

}  // namespace

void Session::on_record(const ipc::PriorityConsumer::Taken& taken) {
  ++incarnation_.counters.results_received_total;
  std::visit(Overloaded{
                 [&](const Detection& detection) { on_detection(taken, detection); },
                 [&](const ipc::CameraChange& change) { on_camera(taken.record, change); },
                 [&](const ipc::Ack& ack) {
                   pending_.acknowledge({ack.request_id, ack.code, printable(ack.text)});
                 },
                 [&](const ipc::ModelLoaded& loaded) { on_model(loaded); },
                 [&](const ipc::Fatal& fatal) {
                   incarnation_.fatal = ipc::Fatal{fatal.reason, printable(fatal.text)};
                 },
                 [&](const ipc::Gap& gap) {
                   if (events_.gap) events_.gap({spec_.id, generation_, gap});
                 },
             },
             taken.record.body);
}

void Session::on_detection(const ipc::PriorityConsumer::Taken& taken, const Detection& detection) {
  if (!incarnation_.model) {
    return doom(Kind::WorkerBroken,
                {ErrorCode::ProtocolError, "a detection before its model was named", {}});
  }
  last_result_ns_ = taken.record.publish_ns;
  if (taken.record.deadline_ns != 0 && taken.record.deadline_ns < monotonic_ns()) {
    ++incarnation_.counters.results_expired_total;
    return;
  }
  if (!events_.result) return;
  events_.result({.session = spec_.id,
                  .generation = generation_,
                  .sequence = taken.record.sequence,
                  .priority = taken.priority,
                  .publish_ns = taken.record.publish_ns,
                  .detection = detection,
                  .model = *incarnation_.model});
}

void Session::on_camera(const ipc::Record& record, const ipc::CameraChange& change) {
  switch (change.state) {
    case ipc::CameraState::Connecting:
      return handle({Kind::CameraConnecting});
    case ipc::CameraState::Live:
      handle({Kind::CameraLive});
      if (condition_.state == SessionState::Live) finish_restart(record.publish_ns);
      return;
    case ipc::CameraState::Lost:
      handle({Kind::CameraLost, change.reason}, printable(change.text));
      // Trying again by itself would only lock us out; an operator has to act first.
      if (condition_.state == SessionState::AuthFailed) {
        fail_restart({change.reason, reason_text_, {}});
      }
      return;
  }
}

void Session::on_model(const ipc::ModelLoaded& loaded) {
  if (incarnation_.model) {
    return doom(Kind::WorkerBroken, {ErrorCode::ProtocolError, "it named its model twice", {}});
  }
  incarnation_.model = loaded.card;
  incarnation_.model_loaded_ns = monotonic_ns();
}

void Session::on_exited(const ExitStatus& exit) {
  kill_.cancel();
  const WorkerEnd end = classify_end({.exit = exit,
                                      .killed_for = incarnation_.killed_for,
                                      .fatal = incarnation_.fatal,
                                      .asked = condition_.state == SessionState::Stopping});
  record_end(exit, end);
  link_.reset();
  pending_.fail_all({ErrorCode::Unavailable, "the worker ended before it answered", {}});

  RestartPolicy::Decision decision{AfterEnd::Retry};
  if (condition_.state != SessionState::Stopping) {
    // Only a worker that got as far as its model can count as healthy.
    const std::int64_t now_ns = monotonic_ns();
    const auto uptime = std::chrono::nanoseconds{
        incarnation_.model_loaded_ns != 0 ? now_ns - incarnation_.started_ns : 0};
    decision = policy_.on_end(now_ns, std::chrono::duration_cast<Millis>(uptime), end.kind);
    start_reason_ = name_of(end.reason);
  }
  retry_delay_ = decision.delay;
  handle({Kind::WorkerEnded, end.reason, decision.after}, end.text);
}

void Session::record_end(const ExitStatus& exit, const WorkerEnd& end) {
  read_counters(link_->status(), monotonic_ns(), incarnation_.counters);
  const std::chrono::nanoseconds uptime{monotonic_ns() - incarnation_.started_ns};
  exits_.push_front({.generation = generation_,
                     .at_wall_ns = wall_ns(),
                     .uptime_ms = std::chrono::duration_cast<Millis>(uptime).count(),
                     .exit_code = exit.code,
                     .signal = exit.signal,
                     .reason = end.reason,
                     .text = end.text,
                     .stage = read_stage(link_->status()).value_or(ipc::Stage::Starting),
                     .peak_rss_bytes = exit.peak_rss_bytes,
                     .cpu_ms = exit.cpu_ms,
                     .last_log_lines = last_log_lines(log_file_)});
  if (exits_.size() > limits::kExitRecords) exits_.pop_back();
  log("worker ended pid=" + std::to_string(link_->pid()) + " code=" + std::to_string(exit.code) +
      " signal=" + std::to_string(exit.signal) + " peak_rss=" +
      std::to_string(exit.peak_rss_bytes) + " cpu_ms=" + std::to_string(exit.cpu_ms) +
      " reason=" + std::string{name_of(end.reason)} + " text=\"" + end.text + '"');
}

void Session::finish_restart(std::int64_t live_ns) {
  if (!pending_restart_) return;
  const PendingRestart asked = *std::exchange(pending_restart_, std::nullopt);
  const double gap_s = std::max(0.0, to_seconds(live_ns - asked.last_result_ns));
  // Two results of a camera are one frame apart without any loss.
  const double lost = std::max(0.0, std::round(gap_s * asked.frames_per_second) - 1);
  boost::asio::post(
      loop_, [done = asked.done,
              cost = Restarted{.mode = "replace",
                               .generation = generation_,
                               .gap_ms = std::llround(gap_s * 1e3),
                               .lost_frames = static_cast<std::uint64_t>(lost)}] { done(cost); });
}

void Session::fail_restart(const Error& error) {
  if (!pending_restart_) return;
  const PendingRestart asked = *std::exchange(pending_restart_, std::nullopt);
  boost::asio::post(loop_, [done = asked.done, error] { done(error); });
}

}  // namespace bulkhead::supervisor
