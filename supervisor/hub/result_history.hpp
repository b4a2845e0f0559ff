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
#include <vector>

#include "common/limits.hpp"
#include "common/result.hpp"
#include "supervisor/session/session_events.hpp"
#include "supervisor/stream/read_cursor.hpp"

namespace bulkhead::supervisor {

/// How much is kept of one session. Tests choose less.
struct HistoryLimits {
  std::size_t results = limits::kHistoryResults;
  std::size_t bytes = limits::kHistoryBytes;
  std::int64_t age_ns = std::chrono::nanoseconds{limits::kHistoryAge}.count();
};

/// The latest results of each session, so that a client whose connection broke can go on where it
/// was. Bounded by count, bytes and age for each session; at each limit the oldest leave. A session
/// that is removed takes its history along.
///
/// Owned by Hub, used by the supervisor's loop.
class ResultHistory {
 public:
  struct Kept {
    ResultPosition position;
    ipc::PriorityClass priority;
    std::int64_t publish_ns;  // the worker's word
    std::int64_t kept_ns;     // monotonic, since when
    Detection detection;
    std::shared_ptr<const ModelCard> model;
    ZoneNames zones{};
  };

  /// Results that came before those that are returned, both ends included.
  struct Missing {
    Generation generation;
    Sequence from;
    Sequence to;
  };

  struct Since {
    std::optional<Missing> missing;
    std::vector<const Kept*> results;  // in order; valid until the next change
  };

  explicit ResultHistory(HistoryLimits limits = {}) : limits_{limits} {}

  void add(const ResultEvent& event, std::int64_t now_ns);
  void forget(const SubscriptionId& session) { sessions_.erase(session); }

  /// The last that came, kept or not.
  [[nodiscard]] ResultPosition last(const SubscriptionId& session) const;

  /// What came after `position`, the newest `most` of it. A position that no worker has reached yet
  /// is one of another supervisor's life: then all that is kept came after it.
  [[nodiscard]] Since since(const SubscriptionId& session, ResultPosition position,
                            std::size_t most) const;

  /// What there is of these sessions, for the next program in this process to `resume`: clients
  /// that this one sends away go on there. In the wire form of ipc/record.hpp.
  [[nodiscard]] nlohmann::json carried(const std::set<SubscriptionId>& sessions) const;

  /// At start. Corrupt, with what is missing or wrong; nothing is kept then.
  [[nodiscard]] Result<> resume(const nlohmann::json& carried);

 private:
  struct Session {
    std::deque<Kept> results;
    std::size_t bytes = 0;
    ResultPosition dropped;  // the last that has left
  };

  [[nodiscard]] static std::size_t bytes_of(const Kept& kept) noexcept;
  void trim(Session& session, std::int64_t now_ns) const;

  HistoryLimits limits_;
  std::map<SubscriptionId, Session> sessions_;
};

}  // namespace bulkhead::supervisor
