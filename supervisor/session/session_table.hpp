#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "common/session_context.hpp"
#include "ipc/command.hpp"
#include "supervisor/session/carried_session.hpp"
#include "supervisor/session/connection_admission.hpp"
#include "supervisor/session/reconfiguration.hpp"
#include "supervisor/session/session_environment.hpp"
#include "supervisor/session/session_events.hpp"
#include "supervisor/session/session_view.hpp"
#include "supervisor/session/warm_spares.hpp"

namespace bulkhead::supervisor {

class Session;

/// All sessions by name: the one owner of Session objects and the face of session/ towards the
/// control channel. Lives in the supervisor's loop thread. At `max_sessions` a newcomer is
/// refused with LimitReached; nobody running is touched. One that was removed has no part in that
/// number while its worker leaves, as long as there are no more than twice as many in all.
class SessionTable {
 public:
  enum class Change { Added, Unchanged, Reconfigured };

  struct Subscribed {
    Change change;
    std::optional<Reconfiguration> how;  // of Reconfigured
    SessionState state;
    Generation generation;
  };

  using Restarted = supervisor::Restarted;

  struct Reconfigured {
    Reconfiguration how;
    Generation generation;
    bool applied;  // Hot: the worker has them; false: it did not answer, its successor will have
                   // them
  };

  SessionTable(boost::asio::io_context& loop, SessionEnvironment environment, SessionEvents events);
  ~SessionTable();

  /// Idempotent: the same spec again is Unchanged; another spec for the same name gives it another
  /// worker, beside the present one until that has results where the camera stays the same. The
  /// spec's pipeline is resolved. Two names that would share a log file: AlreadyExists.
  Result<Subscribed> subscribe(SessionSpec spec);

  /// A list that somebody declares: these sessions, each with these parameters.
  struct DeclaredList {
    std::vector<Result<SessionSpec>> entries;  // an error: one that could not be read
    std::set<SubscriptionId> named;            // by such entries too: what runs is not removed
    bool all_or_nothing = false;               // one refused: nothing changes
    bool remove_others = true;                 // whoever asked for them
  };

  struct ListOutcome {
    bool applied;  // false: one was refused and all are held back, or the supervisor is stopping
    std::vector<Result<std::optional<Subscribed>>> entries;  // as declared; none: held back
    std::vector<SubscriptionId> removed;
  };

  /// Brings about what `list` declares. Every entry is judged before anything changes, as
  /// `subscribe` would after the removals; newcomers start one after the other as restored ones do.
  /// Names in it are different.
  ListOutcome set_list(DeclaredList list);

  /// Other parameters for a session that is there; its name is the spec's. Hot: `done` once the
  /// worker has answered, or has not in time. Otherwise at once; what becomes of the other worker
  /// is seen in the session's states. NotFound; InvalidParams: the model has no such class.
  void reconfigure(SessionSpec spec, const std::function<void(Result<Reconfigured>)>& done);

  struct ContextSet {
    SessionContext context;
    Generation generation;
    bool applied;  // the worker has it; false: as of Reconfigured
  };

  /// See Session::set_context and set_stage; `done` once the worker has answered, or has not in
  /// time. NotFound; InvalidParams: a stage of no context.
  void set_context(const SubscriptionId& id, const std::string& context,
                   const std::function<void(Result<ContextSet>)>& done);
  void set_stage(const SubscriptionId& id, const std::string& stage,
                 const std::function<void(Result<ContextSet>)>& done);

  /// What is asked for, as opposed to what is served while a successor is on its way.
  [[nodiscard]] Result<SessionSpec> asked(const SubscriptionId& id) const;

  /// Somebody may want results that nobody wanted before.
  void look_at_demand() { look_at_activation(); }

  /// At start: the sessions of the registry, in this order, one each limits::kRestoreInterval so
  /// that not all models are loaded at once; who may ask a camera is ConnectionAdmission's. Those
  /// past `max_sessions` are left out and returned.
  std::vector<SubscriptionId> restore(std::vector<SessionSpec> specs);

  /// All sessions that are wanted, for the next program in this process to `resume`.
  [[nodiscard]] std::vector<CarriedSession> carried() const;

  /// The highest that any session had which `carried` does not name: newcomers begin behind it, for
  /// one may have the name of a session that was.
  [[nodiscard]] Generation last_generation() const;

  /// Ends every worker that `carried` does not name: the next program would not know them. False:
  /// one is not gone in time. Sessions that miss one deal with it as with any end.
  [[nodiscard]] bool end_uncarried();

  /// At start, instead of `restore`: workers that came along go on at once, the other sessions
  /// start one after the other as restored ones do.
  void resume(std::vector<CarriedSession> sessions);

  /// Stops the worker; the session is gone from `list` once it ended. NotFound.
  Result<void> unsubscribe(const SubscriptionId& id);

  /// Calls `done` once the new generation is live, or with the error that prevented it.
  void restart(const SubscriptionId& id, RestartMode mode,
               std::function<void(Result<Restarted>)> done);

  /// Latest picture as JPEG. Timeout, NotFound, Unavailable (no picture yet).
  void snapshot(const SubscriptionId& id,
                const std::function<void(Result<std::vector<std::byte>>)>& done);

  /// See Session::debug_gst. NotFound.
  void debug_gst(const SubscriptionId& id, ipc::DebugGst debug,
                 const std::function<void(Result<>)>& done);

  /// See Session, as the two below; what is the case then. NotFound.
  Result<CanaryView> start_canary(const SubscriptionId& id, CanaryRequest request);
  Result<CanaryView> promote_canary(const SubscriptionId& id);
  Result<> roll_back_canary(const SubscriptionId& id);

  [[nodiscard]] std::vector<SessionView> list() const;  // by name
  [[nodiscard]] Result<SessionView> get(const SubscriptionId& id) const;
  /// Who connects to a camera now, and who waits for that.
  [[nodiscard]] ConnectionAdmission::Figures connections() const { return admission_.figures(); }

  /// Which addresses cameras may have.
  [[nodiscard]] const AddressPolicy& addresses() const noexcept { return environment_.addresses; }
  /// The port that no camera has on loopback, for workers that start from now on.
  void set_control_port(std::uint16_t port) { environment_.addresses.control_port = port; }

  /// By sha256: the models that sessions run or will run, where they came by URL.
  [[nodiscard]] std::set<std::string> models_in_use() const;

  [[nodiscard]] std::size_t size() const noexcept { return sessions_.size(); }
  [[nodiscard]] std::size_t warm_spares() const { return spares_.ready(); }

  /// Asks every worker to stop, kills what is left after the limit, then calls `done`.
  void stop_all(std::function<void()> done);

 private:
  Session& add(SessionSpec spec);
  [[nodiscard]] Result<Subscribed> take_in(SessionSpec spec, bool in_turn);
  bool may_run(Session& session);
  void follow_availability(Session& session);
  void look_at_activation();
  void watch_activation(const Session& session);
  void arm_activation();
  void start_in_turn(const SubscriptionId& id);
  void start_next();
  void arm_recycling();
  void recycle_next();
  void erase_ended(const SubscriptionId& id);
  void call_all_stopped();
  [[nodiscard]] Result<std::shared_ptr<Session>> find(const SubscriptionId& id) const;
  [[nodiscard]] Result<void> check_newcomer(const SubscriptionId& id) const;
  [[nodiscard]] Result<void> check_places(std::size_t wanted, std::size_t present) const;
  [[nodiscard]] Result<void> check_log_file(const SubscriptionId& id) const;
  [[nodiscard]] Result<void> check_entry(const SessionSpec& spec, std::size_t& wanted,
                                         std::size_t& present) const;
  [[nodiscard]] std::size_t wanted_sessions() const;

  boost::asio::io_context& loop_;
  WarmSpares spares_;
  SessionEnvironment environment_;
  ConnectionAdmission admission_;
  const SessionEvents events_;
  // Shared, so that a completion that the loop still holds finds its session alive or gone.
  std::map<SubscriptionId, std::shared_ptr<Session>> sessions_;
  std::deque<SubscriptionId> to_start_;  // waiting for their turn
  bool starting_ = false;                // its timer runs: one has started just now
  boost::asio::steady_timer start_timer_;
  bool looking_ = false;  // its timer runs, as long as there is a session that comes and goes
  boost::asio::steady_timer activation_timer_;
  boost::asio::steady_timer recycling_timer_;
  std::int64_t recycled_ns_ = 0;                    // the last try of any session; 0: none
  std::vector<std::function<void()>> all_stopped_;  // callers of stop_all
  bool stopping_ = false;
  std::shared_ptr<const bool> alive_ = std::make_shared<bool>(true);  // for posted calls
};

}  // namespace bulkhead::supervisor
