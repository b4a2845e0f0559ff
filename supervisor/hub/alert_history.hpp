#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>

#include "common/limits.hpp"
#include "common/result.hpp"
#include "supervisor/hub/result_history.hpp"
#include "supervisor/session/session_events.hpp"

namespace bulkhead::supervisor {

/// The alerts of each session, and those of its events that are CRITICAL, numbered, so that what is
/// CRITICAL reaches a client that was away for much longer than results are kept. Each of them is
/// `(session, generation, number)`, in a series of its own beside that of results; no other
/// supervisor's life has the same generation.
///
/// Bounded by count and age for each session (texts are bounded by who makes them); at each limit
/// the oldest leave, for their age when the next alert of the session comes. A session that is
/// removed takes its alerts along. Owned by Hub, used by the supervisor's loop.
class AlertHistory {
 public:
  /// Of a track or a zone, that its zone calls CRITICAL.
  struct CriticalEvent {
    ipc::Event event;
    std::string label;
    std::string attributes{"{}"};  // as in SceneEvent
  };

  struct Kept {
    ResultPosition position;
    ipc::AlertKind kind;
    bool active;
    std::int64_t since_wall_ns;
    std::string text;
    std::int64_t kept_ns;                             // monotonic, since when
    std::shared_ptr<const CriticalEvent> event = {};  // instead of an alert, where there is one
  };

  /// Alerts of one generation that came before those that are returned, both ends included.
  struct Missing {
    Generation generation;
    Sequence from;
    Sequence to;
  };

  struct Since {
    std::optional<Missing> missing;  // there may be more of earlier generations
    std::vector<Kept> alerts;        // in order
    std::size_t left = 0;            // that came after these
  };

  /// The number that this one has from now on.
  Sequence add(const AlertEvent& event, std::int64_t now_ns);
  Sequence add(const SceneEvent& event, std::int64_t now_ns);
  void forget(const SubscriptionId& session) { sessions_.erase(session); }

  /// The last that came, kept or not.
  [[nodiscard]] ResultPosition last(const SubscriptionId& session) const;

  /// What came after `position`, the oldest `most` of it. One that no worker has reached yet is one
  /// of another supervisor's life: then all that is kept came after it.
  [[nodiscard]] Since since(const SubscriptionId& session, ResultPosition position,
                            std::size_t most = limits::kHistoryAlerts) const;

  /// What there is of these sessions, for the next program in this process to `resume`.
  [[nodiscard]] nlohmann::json carried(const std::set<SubscriptionId>& sessions) const;

  /// At start. Corrupt, with what is missing or wrong; nothing is kept then.
  [[nodiscard]] Result<> resume(const nlohmann::json& carried);

 private:
  struct Session {
    std::deque<Kept> alerts;
    ResultPosition last;     // numbered
    ResultPosition dropped;  // the last that has left
  };

  Sequence add(const SubscriptionId& id, Kept kept);

  std::map<SubscriptionId, Session> sessions_;
};

}  // namespace bulkhead::supervisor
