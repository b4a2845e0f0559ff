#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "supervisor/session/frame_rates.hpp"
#include "supervisor/session/pending_commands.hpp"
#include "supervisor/session/progress_watchdog.hpp"
#include "supervisor/session/restart_policy.hpp"
#include "supervisor/session/session_environment.hpp"
#include "supervisor/session/session_events.hpp"
#include "supervisor/session/session_state.hpp"
#include "supervisor/session/session_view.hpp"
#include "supervisor/session/worker_end.hpp"
#include "supervisor/session/worker_link.hpp"

namespace bulkhead::supervisor {

/// One camera as the operator wants it, and the workers that serve it one after the other. Turns
/// what happens (WorkerLink, ProgressWatchdog, timers, requests) into events of session_state and
/// carries out the actions that come back; the decisions are made there and in RestartPolicy.
///
/// Owned by SessionTable, used by the loop's thread. Replies to requests are posted, so a caller
/// is never called back from within its own call.
class Session : public std::enable_shared_from_this<Session> {
 public:
  /// `environment` and `events` outlive the session. `ended` is called when nothing is left of it
  /// and nobody wants it; it must not destroy the session.
  Session(boost::asio::io_context& loop, const SessionEnvironment& environment,
          const SessionEvents& events, SessionSpec spec, std::function<void()> ended);

  /// A fresh worker with the current spec, now or as soon as the present one has ended.
  void start();

  /// The same with another spec.
  void reconfigure(SessionSpec spec);

  void stop();

  void restart(std::function<void(Result<Restarted>)> done);
  void snapshot(std::function<void(Result<std::vector<std::byte>>)> done);

  [[nodiscard]] const SessionSpec& spec() const noexcept { return spec_; }
  [[nodiscard]] SessionState state() const noexcept { return condition_.state; }
  [[nodiscard]] Generation generation() const noexcept { return generation_; }
  [[nodiscard]] bool wanted() const noexcept { return wanted_; }
  [[nodiscard]] bool has_ended() const noexcept {
    return !wanted_ && condition_.state == SessionState::Stopped;
  }
  [[nodiscard]] SessionView view() const;

 private:
  struct PendingRestart {
    std::int64_t deadline_ns;
    std::int64_t last_result_ns;  // monotonic, of the worker before
    double frames_per_second;     // inferred by it
    std::function<void(Result<Restarted>)> done;
  };

  /// What is known of the present worker; all of it begins anew with the next.
  struct Incarnation {
    std::int64_t started_ns = 0;
    std::int64_t started_wall_ns = 0;
    std::int64_t model_loaded_ns = 0;  // 0: not yet
    std::optional<ModelCard> model;
    std::optional<ipc::Fatal> fatal;
    std::optional<Error> killed_for;
    SessionCounters counters;
    FrameRates rates;
  };

  // session.cpp: events in, actions out.
  void handle(const SessionEvent& event, std::string text = {});
  void announce(SessionState from, bool removed);
  void perform(SessionAction action);
  void spawn();
  void start_because(const std::string& reason);
  void doom(SessionEvent::Kind kind, const Error& error);
  void arm_retry();
  void arm_kill(Millis grace);
  void arm_tick();
  void on_tick();
  void watch(std::int64_t now_ns);
  void log(const std::string& text) const;

  // session_records.cpp: what the worker says, and how it ended.
  void on_record(const ipc::PriorityConsumer::Taken& taken);
  void on_detection(const ipc::PriorityConsumer::Taken& taken, const Detection& detection);
  void on_camera(const ipc::Record& record, const ipc::CameraChange& change);
  void on_model(const ipc::ModelLoaded& loaded);
  void on_exited(const ExitStatus& exit);
  void record_end(const ExitStatus& exit, const WorkerEnd& end);
  void finish_restart(std::int64_t live_ns);
  void fail_restart(const Error& error);

  boost::asio::io_context& loop_;
  const SessionEnvironment& environment_;
  const SessionEvents& events_;
  const std::function<void()> ended_;
  SessionSpec spec_;
  const std::string log_file_;

  bool wanted_ = true;
  bool removal_announced_ = false;
  SessionCondition condition_;
  std::string reason_text_;
  std::int64_t since_wall_ns_;

  Generation generation_ = 0;
  std::shared_ptr<WorkerLink> link_;  // null: no worker now
  Incarnation incarnation_;
  ProgressWatchdog watchdog_;
  RestartPolicy policy_;
  Millis retry_delay_{0};

  PendingCommands pending_;
  std::optional<PendingRestart> pending_restart_;
  std::int64_t last_result_ns_ = 0;  // monotonic, of any generation; 0: none yet
  std::string start_reason_;         // why the next generation follows the present one
  std::uint64_t restarts_total_ = 0;
  std::map<std::string, std::uint64_t> restarts_by_reason_;
  std::deque<ExitRecord> exits_;  // newest first

  boost::asio::steady_timer tick_;
  boost::asio::steady_timer retry_;
  boost::asio::steady_timer kill_;
};

}  // namespace bulkhead::supervisor
