#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "supervisor/session/connection_admission.hpp"
#include "supervisor/session/frame_rates.hpp"
#include "supervisor/session/progress_watchdog.hpp"
#include "supervisor/session/recycling.hpp"
#include "supervisor/session/resource_watch.hpp"
#include "supervisor/session/session_environment.hpp"
#include "supervisor/session/session_state.hpp"
#include "supervisor/session/session_view.hpp"
#include "supervisor/session/waiting_events.hpp"
#include "supervisor/session/worker_end.hpp"
#include "supervisor/session/worker_link.hpp"
#include "supervisor/session/zone_lists.hpp"

namespace bulkhead::supervisor {

/// One worker of a session from its start to its end, and all that is known of it: what it said of
/// itself, whether it makes progress, what it has done. What follows from that is Session's to
/// decide; a session may have two of these while one takes over from the other.
///
/// Owned by Session and used by the loop's thread. Destroying it kills the process.
class Incarnation : public std::enable_shared_from_this<Incarnation> {
  struct Private {};  // only start() constructs

 public:
  enum class Camera {
    AtOnce,     // it connects as soon as it can and may
    OnCommand,  // it loads all it needs and waits for `open_camera`
  };

  struct Spec {
    SessionSpec session;
    Generation generation;
    std::string log_file;
    Camera camera = Camera::AtOnce;
    bool yields = false;                        // to the worker that it is to follow
    std::optional<RtspSession> left_session{};  // at the camera, by a dead one: to be ended first
    SessionContext context{};
  };

  /// Called on the loop; none of them after the end. They may let go of the incarnation.
  struct Events {
    std::function<void(Incarnation&, const ipc::PriorityConsumer::Taken&)> record;
    std::function<void(Incarnation&, const Error&)> broken;  // it violated the protocol
    std::function<void(Incarnation&, const ExitStatus&)> exited;
  };

  /// A worker that goes on while the supervisor becomes another program in the same process.
  struct Carried {
    WorkerLink::Carried link;
    Generation generation = 0;
    std::int64_t started_ns = 0;  // monotonic
    std::int64_t started_wall_ns = 0;
    std::int64_t model_loaded_ns = 0;  // monotonic; 0: not yet
    std::optional<ModelCard> model;
    std::optional<ipc::Confined> confinement;
    std::vector<ActiveAlert> alerts;
    std::optional<RtspSession> rtsp_session;
    ZoneLists zones{};
    WaitingEvents waiting_events{};
    std::uint64_t results_received_total = 0;
    std::uint64_t results_expired_total = 0;
    bool waits_to_connect = false;
  };

  /// An event of session_state that a look at the worker gave, and what to say about it.
  struct Noticed {
    SessionEvent event;
    std::string text;
  };

  /// SpawnFailed, or LimitReached for lack of memory or descriptors.
  static Result<std::shared_ptr<Incarnation>> start(boost::asio::io_context& loop,
                                                    const SessionEnvironment& environment,
                                                    ConnectionAdmission& admission,
                                                    const Spec& spec, Events events);

  /// Takes over a worker that goes on, with the spec it serves. As WorkerLink::resume.
  static Result<std::shared_ptr<Incarnation>> resume(boost::asio::io_context& loop,
                                                     const SessionEnvironment& environment,
                                                     ConnectionAdmission& admission,
                                                     const Spec& spec, const Carried& carried,
                                                     Events events);

  /// Nothing for one that is ending, or has not begun to speak.
  [[nodiscard]] std::optional<Carried> carried() const;

  [[nodiscard]] std::shared_ptr<WorkerLink> link() const noexcept { return link_; }

  Incarnation(Private, boost::asio::io_context& loop, const SessionEnvironment& environment,
              ConnectionAdmission& admission, const Spec& spec, Events events);

  [[nodiscard]] Generation generation() const noexcept { return generation_; }
  [[nodiscard]] pid_t pid() const noexcept { return link_->pid(); }
  [[nodiscard]] std::int64_t started_ns() const noexcept { return started_ns_; }
  [[nodiscard]] std::int64_t started_wall_ns() const noexcept { return started_wall_ns_; }
  [[nodiscard]] const std::optional<ModelCard>& model() const noexcept { return model_; }
  [[nodiscard]] const std::optional<ipc::Confined>& confinement() const noexcept {
    return confinement_;
  }
  [[nodiscard]] const FrameRates& rates() const noexcept { return rates_; }
  [[nodiscard]] SessionCounters counters() const;
  [[nodiscard]] MemoryEnforcement memory_enforcement() const noexcept {
    return link_->process().memory_enforcement();
  }
  [[nodiscard]] bool is_doomed() const noexcept { return killed_for_.has_value(); }

  /// Why it is to be recycled, where it is.
  [[nodiscard]] std::optional<RecyclingReason> recycling_due(std::int64_t now_ns) const noexcept {
    return recycling_.due(now_ns);
  }

  /// How long it has been up, as the restart policy counts it: nothing before its model is loaded,
  /// for only a worker that got so far can count as healthy.
  [[nodiscard]] Millis healthy_time() const;

  // What it said.
  void count_result() noexcept { ++counters_.results_received_total; }
  void count_expired() noexcept { ++counters_.results_expired_total; }
  [[nodiscard]] Result<> take_model(const ModelCard& card);             // ProtocolError: it had one
  [[nodiscard]] Result<> take_confinement(const ipc::Confined& level);  // the same
  [[nodiscard]] Result<> take_alert(ipc::Alert alert);  // ProtocolError: it cries too often
  [[nodiscard]] const std::vector<ActiveAlert>& alerts() const noexcept { return alerts_; }
  void take_rtsp_session(const ipc::RtspSessionChange& change) { rtsp_session_ = change.now; }
  void take_zones(Sequence since, std::vector<std::string> names) {
    zones_.take(since, std::move(names));
  }
  [[nodiscard]] ZoneNames zones_of(Sequence sequence) const { return zones_.of(sequence); }
  [[nodiscard]] WaitingEvents& waiting_events() noexcept { return waiting_events_; }
  void take_last_words(ipc::Fatal fatal) { last_words_ = std::move(fatal); }

  /// A look at its progress, once a watchdog's tick. `state` is what it is believed to do,
  /// `max_fps` (0: all frames) and `every_n` what it was asked for.
  [[nodiscard]] std::vector<Noticed> look(std::int64_t now_ns, SessionState state, double max_fps,
                                          std::uint32_t every_n);

  /// Lets a worker connect that waits for that, one with Camera::OnCommand or one that lost its
  /// camera: once it is its turn, as soon as it takes commands.
  void open_camera();

  /// Before it is let connect: it is to end this one first.
  void inherit(const RtspSession& left) { rtsp_session_ = left; }

  /// What this worker, or one before it, has not ended at this camera, as far as it said.
  [[nodiscard]] std::optional<RtspSession> rtsp_session(const RtspUrl& camera) const {
    return camera == camera_ ? rtsp_session_ : std::nullopt;
  }

  [[nodiscard]] bool send(const ipc::Command& command) { return link_->send(command); }
  [[nodiscard]] std::optional<std::vector<std::byte>> preview() const { return link_->preview(); }

  /// For one that holds its results: those of frames taken after this time are kept. Sent as soon
  /// as it takes commands.
  void count_results(std::int64_t after_capture_ns);

  /// Whose its results are from now on. True: sent, and acknowledged by this id; else sent, without
  /// one, as soon as it takes commands.
  bool set_context(const SessionContext& context, std::uint64_t request_id = 0);

  // Its end. A grace later it is killed.
  void ask_to_stop();
  void abort(const Error& reason);
  void kill(const Error& reason);

  [[nodiscard]] WorkerEnd classify(const ExitStatus& exit) const;
  [[nodiscard]] ExitRecord end_record(const ExitStatus& exit, const WorkerEnd& end) const;

 private:
  Result<> launch(const SessionEnvironment& environment, const Spec& spec);
  Result<> serve(std::shared_ptr<WorkerLink> link, const std::string& start_json);
  void watch(WorkerLink& link);
  void arm_kill(Millis grace);
  [[nodiscard]] bool ask_for_turn();
  void command_open_camera();
  void send_open_camera();
  void send_count_results();
  void send_context();

  boost::asio::io_context& loop_;
  const SessionLimits& limits_;
  const Events events_;
  const Generation generation_;
  const std::string log_file_;
  std::int64_t started_ns_;
  std::int64_t started_wall_ns_;
  std::shared_ptr<WorkerLink> link_;
  ProgressWatchdog watchdog_;
  FrameRates rates_;
  SessionCounters counters_;
  std::int64_t model_loaded_ns_ = 0;  // 0: not yet
  std::optional<ModelCard> model_;
  std::optional<ipc::Confined> confinement_;
  ZoneLists zones_;
  WaitingEvents waiting_events_;
  std::vector<ActiveAlert> alerts_;                          // at most one of each kind
  std::array<std::int64_t, ipc::kAlertKinds> alerted_ns_{};  // when the last of a kind began
  std::optional<ipc::Fatal> last_words_;
  std::optional<Error> killed_for_;
  ResourceWatch resources_;
  Recycling recycling_;
  bool asked_to_stop_ = false;
  bool owes_open_camera_ = false;
  std::optional<std::int64_t> owes_count_results_;
  std::optional<SessionContext> owes_context_;
  ConnectionAdmission& admission_;
  const RtspUrl camera_;
  const std::optional<std::string> camera_host_;  // of a clip: none
  std::optional<RtspSession> rtsp_session_;
  const std::uint32_t priority_;
  TokenBucket asks_{limits::kAsksPerSecond, limits::kAsksBurst};
  std::unique_ptr<ConnectionAdmission::Place> place_;  // null: it waits for no turn
  boost::asio::steady_timer kill_;
};

}  // namespace bulkhead::supervisor
