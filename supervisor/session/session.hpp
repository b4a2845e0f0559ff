#pragma once

#include <spdlog/common.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/limits.hpp"
#include "common/model_url.hpp"
#include "common/result.hpp"
#include "common/token_bucket.hpp"
#include "supervisor/session/activation.hpp"
#include "supervisor/session/canary.hpp"
#include "supervisor/session/carried_session.hpp"
#include "supervisor/session/handover.hpp"
#include "supervisor/session/incarnation.hpp"
#include "supervisor/session/pending_commands.hpp"
#include "supervisor/session/reconfiguration.hpp"
#include "supervisor/session/restart_policy.hpp"
#include "supervisor/session/session_environment.hpp"
#include "supervisor/session/session_events.hpp"
#include "supervisor/session/session_state.hpp"
#include "supervisor/session/session_view.hpp"
#include "supervisor/session/track_ids.hpp"

namespace bulkhead::supervisor {

/// One camera as the operator wants it, and the workers that serve it one after the other. Turns
/// what happens (Incarnation, timers, requests) into events of session_state and carries out the
/// actions that come back; the decisions are made there, in RestartPolicy and in Handover.
///
/// There is one present worker, whose state is the session's. Beside it there may be a successor,
/// which has yet to show that it can take over, and workers that were asked to leave.
///
/// Owned by SessionTable, used by the loop's thread. Replies to requests are posted, so a caller
/// is never called back from within its own call.
class Session : public std::enable_shared_from_this<Session> {
 public:
  /// What the session has now, and whether its worker has it.
  using ContextTold = std::function<void(const SessionContext& context, const Result<>& answer)>;

  /// `environment`, `admission` and `events` outlive the session. `ended` is called when nothing is
  /// left of it and nobody wants it; it must not destroy the session.
  Session(boost::asio::io_context& loop, const SessionEnvironment& environment,
          ConnectionAdmission& admission, const SessionEvents& events, SessionSpec spec,
          std::function<void()> ended);

  /// A fresh worker with the current spec, now or as soon as the present one has ended.
  void start();

  /// Other parameters. What they asked of the worker; Overlap may still turn out as a replacement
  /// by a worker that has loaded all it needs, where the camera serves one connection only.
  /// `told` is called later: of Hot, once the worker has it, or with why it has not; its successor
  /// will. InvalidParams: the model has no such class; nothing changes.
  Result<Reconfiguration> reconfigure(SessionSpec spec,
                                      const std::function<void(const Result<>&)>& told);

  /// What `reconfigure` would answer; changes nothing.
  [[nodiscard]] Result<Reconfiguration> possible_change(const SessionSpec& spec) const;

  void stop();

  /// Instead of `start`: goes on where another program in this process left off. One that came
  /// without a worker that works is at rest then, for `start`.
  void resume(const CarriedSession& carried);

  [[nodiscard]] CarriedSession carried() const;

  /// The workers that `carried` does not name.
  [[nodiscard]] std::vector<std::shared_ptr<Incarnation>> uncarried() const;

  /// Whether its availability lets it have a worker now; where not, it is stopped and rests. One
  /// that rests and may run again is the caller's to start. `demanded`: somebody wants its results.
  [[nodiscard]] bool may_run(bool demanded);
  [[nodiscard]] bool is_resting() const noexcept { return rest_.has_value(); }
  /// That may change by itself, by what is served or by what a successor is to serve.
  [[nodiscard]] bool activation_changes() const noexcept {
    return Activation::changes(spec_.availability) || Activation::changes(spec().availability);
  }

  void restart(RestartMode mode, std::function<void(Result<Restarted>)> done);
  void snapshot(const std::function<void(Result<std::vector<std::byte>>)>& done);

  /// Lets the present worker's GStreamer tell more for a while, which ends by itself and with that
  /// worker. Unavailable, Timeout.
  void debug_gst(ipc::DebugGst debug, const std::function<void(Result<>)>& done);

  /// Whose its results are from now on; another id is at no stage yet. `told` is called later, as
  /// by `reconfigure`: once the worker has it, or with why it has not; its successor will.
  void set_context(const std::string& id, const ContextTold& told);

  /// How far that has come; empty: nowhere. InvalidParams: they are nobody's.
  Result<> set_stage(const std::string& stage, const ContextTold& told);

  // A second model on trial in the present worker: session_canary.cpp.
  /// AlreadyExists: one has yet to be decided. InvalidParams, Unavailable; what comes later is seen
  /// in its state.
  Result<> start_canary(CanaryRequest request);
  /// Another worker with it takes over, as `reconfigure` has it. Unavailable.
  Result<> promote_canary();
  /// Ended and forgotten. Unavailable: there is none.
  Result<> roll_back_canary();
  [[nodiscard]] std::optional<CanaryView> canary() const {
    return canary_ ? std::optional{canary_->view} : std::nullopt;
  }

  /// Why its worker is to be replaced though it works, where it is and can be replaced now.
  [[nodiscard]] std::optional<RecyclingReason> recycling_due(std::int64_t now_ns) const;
  void recycle(std::int64_t now_ns, RecyclingReason reason);
  [[nodiscard]] std::int64_t recycled_ns() const noexcept { return recycled_ns_; }

  /// What is asked for: that of a successor which has not taken over yet, or waits for its models.
  [[nodiscard]] const SessionSpec& spec() const noexcept {
    if (awaited_) return *awaited_;
    return successor_ ? successor_->spec : spec_;
  }
  /// What its worker has, what it gets next where that is another, and what is on trial.
  [[nodiscard]] std::vector<ModelUrl> model_urls() const;
  [[nodiscard]] SessionState state() const noexcept { return condition_.state; }
  [[nodiscard]] Generation generation() const noexcept { return generation_; }
  /// Given to any worker so far, one that never worked included.
  [[nodiscard]] Generation last_generation() const noexcept { return last_generation_; }
  [[nodiscard]] bool wanted() const noexcept { return wanted_; }
  [[nodiscard]] bool has_ended() const noexcept {
    return !wanted_ && condition_.state == SessionState::Stopped && retiring_.empty();
  }
  [[nodiscard]] SessionView view() const;

 private:
  struct PendingRestart {
    std::int64_t deadline_ns;
    std::int64_t last_result_ns;  // monotonic, of the worker before
    double frames_per_second;     // inferred by it
    std::function<void(Result<Restarted>)> done;
  };

  /// A detection and the events of its frame.
  struct FrameResult {
    ipc::PriorityConsumer::Taken detection;
    std::vector<ipc::PriorityConsumer::Taken> events;
  };

  /// A worker on trial beside the present one.
  struct Successor {
    std::shared_ptr<Incarnation> worker;
    SessionSpec spec;
    RestartMode mode;        // Overlap or Replace
    bool may_replace;        // where Overlap turns out to be impossible
    std::string reason;      // of the restart
    SessionCondition state;  // of its own, by the same rules as the session's
    std::string state_text;
    std::int64_t deadline_ns;
  };

  // session.cpp: events in, actions out.
  void handle(const SessionEvent& event, const std::string& text = {});
  bool enter(const SessionCondition& next, const std::string& text);  // true: nothing is left
  void announce(SessionState from, bool removed);
  void tell_state(SessionState from, bool removed) const;
  void perform(SessionAction action, const Error& reason);
  void spawn();
  void start_because(const std::string& reason);
  void begin_rest();  // session_rest.cpp
  void change_hot(SessionSpec spec, const std::function<void(const Result<>&)>& told);
  void arm_retry();
  void arm_tick();
  void on_tick();
  void look_at(Incarnation& worker);
  void tell(const Incarnation& worker, const SessionEvent& event, const std::string& text = {});
  [[nodiscard]] Generation next_generation();
  void count_restart(const std::string& reason);
  void log(const std::string& text, spdlog::level::level_enum level = spdlog::level::info) const;
  [[nodiscard]] std::int64_t restart_deadline_ns() const;

  // session_models.cpp: models that come by URL.
  [[nodiscard]] bool has_models(const SessionSpec& spec) const;
  void fetch_models();  // Starting, without a worker as long as it takes
  void on_models(const Result<>& fetched);
  void end_fetching();
  void await_models(const SessionSpec& spec);  // the present worker goes on meanwhile

  // session_canary.cpp
  [[nodiscard]] bool has_open_canary(std::uint64_t number) const;
  void on_canary_fetched(const Result<>& fetched);
  Result<> tell_canary();
  void on_canary_report(const Incarnation& worker, const ipc::CanaryReport& report);
  void follow_rule(const CanaryJudgement& judgement);
  void stop_canary_in_worker();
  void end_canary(const Error& error);
  void lose_canary(ErrorCode reason, const std::string& text);
  void settle_canary();
  void enter_canary(CanaryState state, const Error& reason);

  // session_carried.cpp: over an upgrade of the supervisor.
  [[nodiscard]] std::optional<Incarnation::Carried> carried_worker() const;

  // session_context.cpp: whose results are.
  void tell_context(const ContextTold& told);
  void on_patch(const Incarnation& worker, const ipc::PriorityConsumer::Taken& taken);
  void publish_result(const ipc::PriorityConsumer::Taken& taken, const Detection& detection);

  // session_scene.cpp: events of tracks and zones.
  void on_event(Incarnation& worker, const ipc::PriorityConsumer::Taken& taken);
  [[nodiscard]] bool speaks(const Incarnation& worker) const noexcept;
  void tell_alone(const Incarnation& worker,
                  const std::vector<ipc::PriorityConsumer::Taken>& events);
  void tell_event(const ipc::PriorityConsumer::Taken& taken);

  // session_records.cpp: what workers say, and how they end.
  [[nodiscard]] Incarnation::Events incarnation_events();
  void on_record(Incarnation& worker, const ipc::PriorityConsumer::Taken& taken);
  void on_detection(Incarnation& worker, const ipc::PriorityConsumer::Taken& taken,
                    const Detection& detection);
  void drop_expired(Incarnation& worker, const ipc::PriorityConsumer::Taken& taken) const;
  void publish(const ipc::PriorityConsumer::Taken& detection,
               const std::vector<ipc::PriorityConsumer::Taken>& events);
  void on_camera(Incarnation& worker, const ipc::Record& record, const ipc::CameraChange& change);
  void on_alert(Incarnation& worker, const ipc::Alert& alert);
  void tell_alerts(const std::string& why_ended);  // what differs from what was told
  void tell_alert(const ActiveAlert& alert, bool active) const;
  void on_model(Incarnation& worker, const ModelCard& card);
  void on_confined(Incarnation& worker, const ipc::Confined& level);
  void on_broken(Incarnation& worker, const Error& error);
  void on_exited(Incarnation& worker, const ExitStatus& exit);
  void on_present_exited(const WorkerEnd& end, Millis healthy);
  void record_end(const Incarnation& worker, const ExitStatus& exit, const WorkerEnd& end);
  void finish_restart(std::int64_t live_ns, RestartMode mode);
  void fail_restart(const Error& error);

  // session_succession.cpp: from one worker to the next without a gap.
  [[nodiscard]] Result<RestartMode> possible_mode(RestartMode wanted,
                                                  const SessionSpec& spec) const;
  void begin_succession(SessionSpec spec, RestartMode mode, bool may_replace,
                        const std::string& reason);
  void handle_successor(const SessionEvent& event, const std::string& text);
  void on_successor_lost_camera(const SessionEvent& event, const std::string& text);
  void give_up_successor(const Error& error);
  [[nodiscard]] Successor drop_successor();  // from here on it has no part in anything
  void stay_with(const SessionSpec& served, const SessionSpec& refused);
  void take_over();
  void adopt_successor();
  void count_results_after(const Incarnation& worker, std::int64_t after_capture_ns);
  void retire(std::shared_ptr<Incarnation> worker);
  [[nodiscard]] bool is_present(const Incarnation& worker) const noexcept {
    return present_.get() == &worker;
  }
  [[nodiscard]] bool is_successor(const Incarnation& worker) const noexcept {
    return successor_ && successor_->worker.get() == &worker;
  }

  boost::asio::io_context& loop_;
  const SessionEnvironment& environment_;
  ConnectionAdmission& admission_;
  const SessionEvents& events_;
  const std::function<void()> ended_;
  SessionSpec spec_;
  SessionContext context_;
  const std::string log_file_;

  bool wanted_ = true;
  Activation activation_;
  std::optional<Rest> rest_;      // as long as it may not run
  bool comes_from_rest_ = false;  // its next worker is no restart
  bool removal_announced_ = false;
  SessionCondition condition_;
  std::string reason_text_;
  std::int64_t since_wall_ns_;

  Generation generation_ = 0;             // of the present worker, or of the last one; 0: none yet
  Generation last_generation_;            // given to any worker
  std::shared_ptr<Incarnation> present_;  // null: no worker now
  std::optional<Successor> successor_;
  std::optional<SessionSpec> awaited_;  // to be the successor's, once its models are here
  bool is_fetching_ = false;            // Starting: the models of the worker to come
  std::vector<std::shared_ptr<Incarnation>> retiring_;
  std::optional<CanaryTrial> canary_;  // the latest, until it is rolled back
  std::uint64_t canaries_ = 0;
  std::vector<ActiveAlert> alerts_;          // as told
  std::optional<ModelCard> last_model_;      // of the worker that ended, until the next
  std::optional<RtspSession> left_session_;  // at this camera by that one, for the next to end
  SessionCounters last_counters_;
  RestartPolicy policy_;
  Millis retry_delay_{0};

  std::optional<Handover> handover_;  // until the new worker has spoken first
  std::deque<FrameResult> held_;      // of the successor
  TrackIds track_ids_;
  TokenBucket critical_events_{limits::kCriticalEvents, limits::kCriticalEventsTaken};
  bool refused_second_connection_ = false;
  std::int64_t recycled_ns_ = 0;  // the last try; 0: none

  PendingCommands pending_;
  std::optional<PendingRestart> pending_restart_;
  std::int64_t last_result_ns_ = 0;             // monotonic, of any generation; 0: none yet
  std::int64_t last_capture_wall_ns_ = 0;       // of the latest result that was told
  std::pair<Generation, Sequence> last_found_;  // the latest result with objects that was told
  /// The worker that leaves and has not said yet which results it has kept.
  std::optional<Generation> keeps_results_;
  std::string start_reason_;  // why the next generation follows the present one
  std::uint64_t restarts_total_ = 0;
  std::map<std::string, std::uint64_t> restarts_by_reason_;
  std::deque<ExitRecord> exits_;  // newest first

  boost::asio::steady_timer tick_;
  boost::asio::steady_timer retry_;
};

}  // namespace bulkhead::supervisor
