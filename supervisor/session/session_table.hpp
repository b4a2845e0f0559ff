#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "supervisor/session/session_events.hpp"
#include "supervisor/session/session_view.hpp"

namespace spdlog {
class logger;
}

namespace bulkhead::supervisor {

class Session;

/// What every session needs to know of the machine it runs on.
struct SessionEnvironment {
  std::string worker_executable;
  std::string state_dir;      // absolute
  std::string log_dir;        // absolute
  std::string model_dir;      // absolute
  std::string model_catalog;  // absolute path of models.json
  std::size_t max_sessions = 20;
  std::uint64_t log_max_bytes = 0;
  std::uint32_t log_backup_count = 0;
  std::uint64_t memory_per_process_bytes = 0;
  std::shared_ptr<spdlog::logger> log;
};

/// All sessions by name: the one owner of Session objects and the face of session/ towards the
/// control channel. Lives in the supervisor's loop thread. At `max_sessions` a newcomer is
/// refused with LimitReached; nobody running is touched.
class SessionTable {
 public:
  enum class Change { Added, Unchanged, Reconfigured };

  struct Subscribed {
    Change change;
    SessionState state;
    Generation generation;
  };

  struct Restarted {
    std::string mode;  // the one used: "replace"
    Generation generation = 0;
    std::int64_t gap_ms = 0;  // between the last result before and the first result after
    std::uint64_t lost_frames = 0;
  };

  SessionTable(boost::asio::io_context& loop, SessionEnvironment environment,
               SessionEvents events);
  ~SessionTable();

  /// Idempotent: the same spec again is Unchanged; another spec for the same name restarts its
  /// worker with it. The spec's pipeline is resolved. Two names that would share a log file:
  /// AlreadyExists.
  Result<Subscribed> subscribe(SessionSpec spec);

  /// Stops the worker; the session is gone from `list` once it ended. NotFound.
  Result<void> unsubscribe(const SubscriptionId& id);

  /// Calls `done` once the new generation is live, or with the error that prevented it.
  void restart(const SubscriptionId& id, const std::string& mode,
               std::function<void(Result<Restarted>)> done);

  /// Latest picture as JPEG. Timeout, NotFound, Unavailable (no picture yet).
  void snapshot(const SubscriptionId& id, std::function<void(Result<std::vector<std::byte>>)> done);

  [[nodiscard]] std::vector<SessionView> list() const;  // by name
  [[nodiscard]] Result<SessionView> get(const SubscriptionId& id) const;
  [[nodiscard]] std::size_t size() const noexcept { return sessions_.size(); }

  /// Asks every worker to stop, kills what is left after the limit, then calls `done`.
  void stop_all(std::function<void()> done);

 private:
  boost::asio::io_context& loop_;
  SessionEnvironment environment_;
  SessionEvents events_;
  std::map<SubscriptionId, std::unique_ptr<Session>> sessions_;
};

}  // namespace bulkhead::supervisor
