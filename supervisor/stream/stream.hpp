#pragma once

#include <bitset>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/event_kind.hpp"
#include "common/ids.hpp"
#include "supervisor/access/access_scope.hpp"
#include "supervisor/stream/fair_rate.hpp"
#include "supervisor/stream/flow_control.hpp"
#include "supervisor/stream/outbox.hpp"
#include "supervisor/stream/read_cursor.hpp"
#include "supervisor/stream/stream_policy.hpp"

namespace bulkhead::supervisor {

/// Which objects of a frame a client wants. Compared by value: equal wishes share one message.
struct ObjectFilter {
  std::set<std::string> labels{};  // empty: all
  float min_confidence = 0;

  bool operator==(const ObjectFilter&) const = default;
};

/// What a client wants to see.
struct StreamFilter {
  std::set<SubscriptionId> sessions{};  // empty: all
  AccessScope scope{};                  // of these, those that the client may see
  ObjectFilter objects{};
  bool detections = true;
  bool states = true;
  bool alerts = true;
  bool events = true;
  std::set<std::string> event_zones{};         // of events; empty: all, and those of tracks alone
  std::bitset<kEventKinds> event_kinds = ~0U;  // of events
  bool empty_frames = true;                    // also frames in which nothing was seen
};

/// How a stream fares, worst last.
enum class StreamStatus : std::uint8_t {
  Connected,
  Backpressure,  // its outbox is pressed or sheds
  SlowConsumer,  // its connection had limits::kSlowWrites slow writes within a minute
  Throttled,     // and its rate is halved, until a minute passes without one
  Closed,
};

inline constexpr std::size_t kStreamStatuses = 5;

[[nodiscard]] std::string_view name_of(StreamStatus status) noexcept;  // "CONNECTED"

/// What the client is told with `stream.status`.
struct StreamStatusChange {
  StreamStatus from;
  StreamStatus to;
  std::string_view reason;  // of a literal
};

/// One result stream of one connection: a filter, a policy and an outbox. Owned by its connection's
/// Subscriber, referred to by the hub. Used by the supervisor's loop.
///
/// When something becomes available it calls `wake` once, until drained. `wake` runs inside the
/// hub's `publish`: it may start a write, but must not destroy a stream.
class Stream {
 public:
  Stream(std::string id, StreamFilter filter, std::function<void()> wake, OutboxLimits limits = {},
         StreamPolicy policy = {});

  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  [[nodiscard]] const StreamFilter& filter() const noexcept { return filter_; }
  [[nodiscard]] const StreamPolicy& policy() const noexcept { return policy_; }
  [[nodiscard]] bool wants_session(const SubscriptionId& session) const;

  /// Never blocks. On Overflow the owner is woken and finds `overflowed()`.
  void offer(OutboxItem item);
  /// One that its client has missed while it was away: no rate holds it back.
  void replay(OutboxItem item);
  void offer_gap(const OutboxGap& gap);
  void refuse(const OutboxItem& item, GapReason reason);  // it becomes a gap

  /// Because all streams together hold too much and this one the most: all that waits of BULK or
  /// IMPORTANT; where nothing else helps, the stream itself, as an overflow.
  void give_up(ipc::PriorityClass priority);
  void give_up();

  /// What has waited too long leaves, as gaps.
  void expire(std::int64_t now_ns);

  [[nodiscard]] std::optional<OutboxItem> take(std::int64_t now_ns);
  [[nodiscard]] std::vector<OutboxGap> take_gaps();

  /// Told in order; more than a few untold ones become one.
  [[nodiscard]] std::vector<StreamStatusChange> take_status_changes();

  /// All that was taken so far has left for the client, which took so long.
  void written(std::int64_t took_ns);

  /// Its connection is slow, or is so no more. Half of what it was last offered in a second, or of
  /// its own rate where that is less, is what it is offered from now on.
  void throttle(std::int64_t now_ns);
  void recover();
  void close(std::string_view reason);  // the last word to the client

  [[nodiscard]] StreamStatus status() const noexcept { return status_; }
  [[nodiscard]] bool overflowed() const noexcept { return overflowed_; }
  [[nodiscard]] bool empty() const noexcept { return outbox_.empty() && changes_.empty(); }

  [[nodiscard]] const Outbox& outbox() const noexcept { return outbox_; }
  [[nodiscard]] std::uint64_t offered_total() const noexcept { return offered_total_; }
  [[nodiscard]] double rate_limit() const noexcept { return rate_limit_; }  // 0: none
  [[nodiscard]] double drain_per_second() const noexcept { return drain_.per_second(); }

  /// What waits, and what was taken of it and has not left yet.
  [[nodiscard]] std::size_t held_bytes() const noexcept { return outbox_.bytes() + taken_bytes_; }
  [[nodiscard]] std::size_t taken_bytes() const noexcept { return taken_bytes_; }

  /// What the client has of each session, to `resumeFrom` there.
  [[nodiscard]] ReadCursor& cursor() noexcept { return cursor_; }
  [[nodiscard]] const ReadCursor& cursor() const noexcept { return cursor_; }

 private:
  void put(OutboxItem item);
  [[nodiscard]] bool is_over_rate(const OutboxItem& item);
  void limit_rate(double per_second);
  /// Its owner has nothing to take, or nothing but what is told with the next message.
  [[nodiscard]] bool is_idle() const noexcept { return empty() || keeps_for_next_; }
  void settle(bool was_idle, Outbox::Offer outcome);
  void wake();
  void change_status(StreamStatus to, std::string_view reason);
  void follow_pressure();

  std::string id_;
  StreamFilter filter_;
  StreamPolicy policy_;
  std::function<void()> wake_;
  Outbox outbox_;
  StreamStatus status_ = StreamStatus::Connected;
  std::vector<StreamStatusChange> changes_;
  ReadCursor cursor_;
  DrainMeter drain_;
  std::size_t taken_ = 0;  // and not yet written
  std::size_t taken_bytes_ = 0;
  std::optional<FairRate> rate_;  // none: no limit
  double rate_limit_ = 0;
  std::int64_t second_began_ns_ = 0;  // for the two counts below
  std::uint64_t offered_this_second_ = 0;
  std::uint64_t offered_last_second_ = 0;
  bool keeps_for_next_ = false;  // holds gaps alone, of which its owner was not woken
  bool overflowed_ = false;
  std::uint64_t offered_total_ = 0;
};

}  // namespace bulkhead::supervisor
