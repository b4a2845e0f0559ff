#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "supervisor/hub/alert_history.hpp"
#include "supervisor/hub/broadcast_budget.hpp"
#include "supervisor/hub/result_history.hpp"
#include "supervisor/metrics/histogram.hpp"
#include "supervisor/session/session_events.hpp"
#include "supervisor/stream/stream.hpp"

namespace bulkhead::supervisor {

/// Turns validated events into wire messages, once each, and offers them to every stream that
/// wants them. All streams share one immutable payload; streams that filter objects share one per
/// distinct filter. Lives in the supervisor's loop thread; owns no stream's life: a stream leaves
/// when its connection destroys the `Subscription`.
///
/// Nothing waits here: the bound is each stream's outbox, and BroadcastBudget that of all together.
/// Where that is pressed, BULK gives way, of who holds most first, and goes to those only that wait
/// for nothing. Where it sheds, who holds most gives up IMPORTANT, and then itself if it still
/// holds more than any other, before the next has to give up anything.
///
/// What was published is kept for a while for clients that come back (ResultHistory,
/// AlertHistory, which keeps what is CRITICAL of events, too). Alerts are replayed as the client
/// takes them, for all that is kept may be more than an outbox holds; until it has those of a
/// session, new ones wait in the history. A detection is offered with the priority its worker gave
/// it, as is an event, a state change as CONTROL, an alert as CRITICAL, and a gap joins the gaps of
/// each stream that wants the session.
class Hub {
 public:
  /// Keeps a stream subscribed while it lives. Must not outlive the hub, and must not be destroyed
  /// inside `publish` (from a stream's `wake`).
  class Subscription {
   public:
    Subscription() = default;
    Subscription(Hub& hub, std::uint64_t key) noexcept : hub_{&hub}, key_{key} {}
    Subscription(Subscription&& other) noexcept;
    Subscription& operator=(Subscription&& other) noexcept;
    ~Subscription();

    /// Offers the stream, right after it was added, what came after these points of their sessions:
    /// all alerts that are kept, by and by, and the newest `most` results, as far as the memory of
    /// all allows; what it does not get is a gap. How many it gets.
    std::size_t replay(const std::map<SubscriptionId, ResumePoint>& points, std::size_t most);

    /// Offers more of the alerts it is behind with, where there is room.
    void catch_up();

   private:
    void leave() noexcept;

    Hub* hub_ = nullptr;
    std::uint64_t key_ = 0;
  };

  /// `memory_bytes`: what all streams together may hold.
  explicit Hub(std::size_t memory_bytes = limits::kStreamMemoryBytes) : budget_{memory_bytes} {}

  /// From now on; its cursor begins here.
  [[nodiscard]] Subscription add(std::shared_ptr<Stream> stream);

  void publish(const ResultEvent& event);
  void publish(const StateEvent& event);
  void publish(const GapEvent& event);
  void publish(const AlertEvent& event);
  void publish(const SceneEvent& event);

  /// The history of these sessions, for the next program in this process, and back.
  [[nodiscard]] nlohmann::json carried(const std::set<SubscriptionId>& sessions) const;
  [[nodiscard]] Result<> resume(const nlohmann::json& carried);

  /// Callbacks for SessionTable that end in this hub.
  [[nodiscard]] SessionEvents events();

  /// An open stream would be offered this session's detections. States and alerts alone are no
  /// wish for its results: who watches over all cameras shall not keep them running.
  [[nodiscard]] bool wants_results(const SubscriptionId& session) const;

  [[nodiscard]] std::size_t streams() const noexcept { return streams_.size(); }
  [[nodiscard]] std::uint64_t messages_total() const noexcept { return messages_total_; }

  /// Events of tracks and zones, by kind.
  using SceneEvents = std::array<std::uint64_t, kEventKinds>;
  [[nodiscard]] const SceneEvents& scene_events_total() const noexcept {
    return scene_events_total_;
  }

  /// What waits in all outboxes, and what all of them dropped since the start.
  struct Queued {
    std::size_t messages = 0;
    std::size_t bytes = 0;  // each message once for each stream
    std::array<std::uint64_t, ipc::kPriorityClasses> dropped_total{};
    std::array<std::size_t, kStreamStatuses> streams_by_status{};
    BroadcastLoad load;  // each message once
    std::size_t memory_bytes = 0;
    Pressure pressure = Pressure::None;
    std::uint64_t streams_ended_total = 0;  // because of the budget
  };
  [[nodiscard]] Queued queued() const;

  /// From a frame's arrival at its worker to this hub, by session; a removed session leaves.
  [[nodiscard]] const std::map<SubscriptionId, DurationHistogram>& latencies() const noexcept {
    return latencies_;
  }

 private:
  struct Entry {
    std::uint64_t key;
    std::shared_ptr<Stream> stream;
    // Sessions whose alerts it has not been offered yet, and the last of each that it has.
    std::map<SubscriptionId, ResultPosition> behind{};
  };

  /// One object for each session's name, shared by all that is said of it.
  const ByName::Name& shared_name(const SubscriptionId& session);
  void forget(const SubscriptionId& session);
  [[nodiscard]] Entry& entry(std::uint64_t key) noexcept;

  std::size_t replay(Entry& entry, const std::map<SubscriptionId, ResumePoint>& points,
                     std::size_t most);
  std::size_t replay_results(Stream& stream, const ByName::Name& session, ResultPosition position,
                             std::size_t most, const HeldByStreams& held);
  void catch_up(Entry& entry);
  [[nodiscard]] std::size_t room_for_alerts(const Stream& stream) const noexcept;
  void replay_alerts(Stream& stream, const ByName::Name& session, const AlertHistory::Since& since);
  void replay_event(Stream& stream, const ByName::Name& session, const AlertHistory::Kept& kept);

  void offer(Stream& stream, OutboxItem item);
  [[nodiscard]] HeldByStreams held() const noexcept;
  void look_at_load(std::int64_t now_ns);
  void relieve();
  void give_up_bulk(HeldByStreams& left);
  void give_up_heaviest(HeldByStreams& left);
  void tell_pressure(std::int64_t now_ns);
  void remove(std::uint64_t key) noexcept;

  // By key, which grows; a row, for each result goes through all of it.
  std::vector<Entry> streams_;
  std::map<SubscriptionId, ByName::Name> names_;
  std::map<SubscriptionId, DurationHistogram> latencies_;
  ResultHistory history_;
  AlertHistory alerts_;
  BroadcastBudget budget_;
  std::uint64_t streams_ended_total_ = 0;
  std::array<std::uint64_t, ipc::kPriorityClasses> dropped_by_gone_total_{};
  std::uint64_t next_key_ = 1;
  std::uint64_t next_look_ = limits::kBroadcastLook;  // at the load, by messages_total_
  SceneEvents scene_events_total_{};
  std::uint64_t messages_total_ = 0;  // events published, whether or not a stream wanted them
};

}  // namespace bulkhead::supervisor
