#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>

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
/// Nothing waits here: the bound is each stream's outbox. What was published is kept for a while
/// for clients that come back (ResultHistory). A detection is offered with the priority its worker
/// gave it, a state change as CONTROL, an alert as CRITICAL, and a gap joins the gaps of each
/// stream that wants the session.
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

   private:
    void leave() noexcept;

    Hub* hub_ = nullptr;
    std::uint64_t key_ = 0;
  };

  [[nodiscard]] Subscription add(std::shared_ptr<Stream> stream);

  /// Offers the stream, before it is added, the newest `most` results of the session that came
  /// after `position`; what came before them or is not kept any more is a gap. How many were
  /// offered.
  std::size_t replay(Stream& stream, const SubscriptionId& session, ResultPosition position,
                     std::size_t most) const;

  void publish(const ResultEvent& event);
  void publish(const StateEvent& event);
  void publish(const GapEvent& event);
  void publish(const AlertEvent& event);

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

  /// What waits in all outboxes, and what all of them dropped since the start.
  struct Queued {
    std::size_t messages = 0;
    std::size_t bytes = 0;
    std::array<std::uint64_t, ipc::kPriorityClasses> dropped_total{};
  };
  [[nodiscard]] Queued queued() const;

  /// From a frame's arrival at its worker to this hub, by session; a removed session leaves.
  [[nodiscard]] const std::map<SubscriptionId, DurationHistogram>& latencies() const noexcept {
    return latencies_;
  }

 private:
  void remove(std::uint64_t key) noexcept;

  std::map<std::uint64_t, std::shared_ptr<Stream>> streams_;
  std::map<SubscriptionId, DurationHistogram> latencies_;
  ResultHistory history_;
  std::array<std::uint64_t, ipc::kPriorityClasses> dropped_by_gone_total_{};
  std::uint64_t next_key_ = 1;
  std::uint64_t messages_total_ = 0;  // events published, whether or not a stream wanted them
};

}  // namespace bulkhead::supervisor
