#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "common/ids.hpp"
#include "common/limits.hpp"
#include "ipc/priority_class.hpp"
#include "supervisor/stream/flow_control.hpp"
#include "supervisor/stream/message.hpp"
#include "supervisor/stream/stream_policy.hpp"
#include "supervisor/stream/untold_gaps.hpp"

namespace bulkhead::supervisor {

/// How much one outbox holds. Tests choose smaller ones.
struct OutboxLimits {
  std::size_t messages = limits::kOutboxMessages;  // of all classes but CONTROL
  std::size_t bytes = limits::kOutboxBytes;        // of these
  std::chrono::nanoseconds age = limits::kOutboxAge;
  std::size_t control_messages = limits::kOutboxControlMessages;
  std::size_t control_sessions = limits::kOutboxControlSessions;  // whose states wait beyond these
  std::size_t control_bytes = limits::kOutboxControlBytes;
  std::size_t gaps = limits::kOutboxGaps;
  bool adapts = true;  // see Outbox::adapt
};

/// The bounded queues of one stream, one per priority class. Used by the supervisor's loop.
///
/// CONTROL has a reserve of its own. The other classes share a capacity in messages, bytes and
/// age; the fullest of the three is the fill, and PressureGauge says what gives way:
///
///   Pressed    BULK, by its policy; by default only the newest of each session is kept
///   Shedding   all BULK, then IMPORTANT by its policy; by default what expired, then the oldest
///
/// What gives way leaves a gap. CRITICAL and CONTROL are never dropped: where neither BULK nor
/// IMPORTANT is left to give way, `Overflow` tells the owner to end the stream; the hub's history
/// keeps what is CRITICAL. But neither a camera that flaps nor a network that takes all cameras
/// along must cost anybody a stream: past the reserve of CONTROL a new state takes the place of
/// those that wait of its own session, and a gap tells it, so that what waits grows by one state of
/// each session at most. More sessions than there can be are `Overflow`, and so are more gaps.
///
/// `take` goes by strict priority, except that every 16th message comes from the lowest class that
/// has one, so that a flood of one class cannot starve those below it for ever.
class Outbox {
 public:
  enum class Offer { Queued, Dropped, Overflow };

  explicit Outbox(OutboxLimits limits = {}, StreamPolicy policy = {})
      : limits_{limits}, policy_{policy}, gaps_{limits.gaps}, capacity_{limits.messages} {}

  /// `item.at_ns` is now. Dropped: something, perhaps the newcomer, gave way.
  [[nodiscard]] Offer offer(OutboxItem item);
  [[nodiscard]] Offer offer_gap(const OutboxGap& gap);
  [[nodiscard]] std::optional<OutboxItem> take(std::int64_t now_ns);
  [[nodiscard]] std::vector<OutboxGap> take_gaps();

  /// Messages a second that the client takes, as measured: pressure begins where what waits takes
  /// it limits::kDrainHorizon to read, but not below limits::kLeastCapacity of the capacity. 0: it
  /// takes all it is given.
  void adapt(double drain_per_second) noexcept;

  /// What has waited longer than its time to live leaves, as gaps. False: too many gaps, as
  /// `Overflow`.
  [[nodiscard]] bool expire(std::int64_t now_ns);

  /// Gives up all that waits of BULK or IMPORTANT, as gaps. False: too many gaps, as `Overflow`.
  [[nodiscard]] bool give_up(ipc::PriorityClass priority, GapReason reason);

  /// Because the stream ends: what is CRITICAL waits in the hub's history.
  void clear() noexcept;

  /// The highest class that has a message; none when no message waits.
  [[nodiscard]] std::optional<ipc::PriorityClass> top() const noexcept;

  [[nodiscard]] bool empty() const noexcept { return messages_ == 0 && gaps_.empty(); }
  [[nodiscard]] Pressure pressure() const noexcept { return gauge_.level(); }
  [[nodiscard]] double fill(std::int64_t now_ns) const noexcept { return fill_with(0, 0, now_ns); }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] std::size_t messages() const noexcept { return messages_; }
  [[nodiscard]] std::size_t messages(ipc::PriorityClass priority) const noexcept {
    return queues_[ipc::index_of(priority)].items.size();
  }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::size_t untold_gaps() const noexcept { return gaps_.size(); }
  [[nodiscard]] std::uint64_t dropped_total(ipc::PriorityClass priority) const noexcept {
    return dropped_total_[ipc::index_of(priority)];
  }

  /// Counts a loss that was decided elsewhere, and remembers its gap.
  [[nodiscard]] Offer refuse(const OutboxItem& item, GapReason reason);

 private:
  struct Queue {
    std::deque<OutboxItem> items;
    std::size_t bytes = 0;
  };
  using Iterator = std::deque<OutboxItem>::iterator;

  Offer offer_control(OutboxItem item);
  Offer offer_critical(OutboxItem item);
  Offer offer_droppable(OutboxItem item, Pressure threshold);
  Offer make_room(OutboxItem item, Pressure threshold);
  bool may_block(const ClassPolicy& policy, const OutboxItem& item) noexcept;
  Pressure update_pressure(double fill) noexcept;

  [[nodiscard]] double fill_with(std::size_t messages, std::size_t bytes,
                                 std::int64_t now_ns) const noexcept;
  [[nodiscard]] bool fits(const OutboxItem& item) const noexcept;
  [[nodiscard]] bool fits_control(const OutboxItem& item, std::size_t most) const noexcept;
  [[nodiscard]] std::optional<Iterator> waiting_of(const OutboxItem& newcomer);

  void push(OutboxItem item);
  bool drop_state_of(const OutboxItem& newcomer);
  bool coalesce_bulk();
  bool expire(ipc::PriorityClass priority, std::int64_t now_ns);
  bool drop_first(ipc::PriorityClass priority, GapReason reason = GapReason::SlowClient);
  bool drop(std::size_t index, Iterator item, GapReason reason);  // false: gaps are full
  OutboxItem pop_first(std::size_t index);
  OutboxItem pop(std::size_t index, Iterator item);
  void forget(std::size_t index, const OutboxItem& taken) noexcept;

  OutboxLimits limits_;
  StreamPolicy policy_;
  std::array<Queue, ipc::kPriorityClasses> queues_;
  std::map<ByName::Name, std::size_t, ByName> states_;  // that wait, by session
  UntoldGaps gaps_;
  std::array<std::uint64_t, ipc::kPriorityClasses> dropped_total_{};
  PressureGauge gauge_;
  std::size_t capacity_;  // in messages, as adapted
  std::size_t messages_ = 0;
  std::size_t bytes_ = 0;
  std::uint64_t taken_total_ = 0;
  std::array<std::int64_t, ipc::kPriorityClasses> blocked_since_ns_{};  // 0: not
};

}  // namespace bulkhead::supervisor
