#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.hpp"
#include "common/limits.hpp"
#include "ipc/priority_class.hpp"

namespace bulkhead::supervisor {

/// One serialised notification without what differs from stream to stream. On the wire it is
/// `{"jsonrpc":"2.0","method":METHOD,"params":{"streamId":ID,` followed by `params_tail`, which
/// ends the message. So a connection writes a few bytes of its own and the shared rest.
struct Message {
  std::string_view method;  // of a literal
  std::string params_tail;  // `"v":1,…}}`
};

/// A serialised message, shared by all streams that want it.
using Payload = std::shared_ptr<const Message>;

/// One message waiting for its reader.
struct OutboxItem {
  ipc::PriorityClass priority = ipc::PriorityClass::Important;
  Payload payload;
  std::shared_ptr<const SubscriptionId> session;  // null for messages of no session
  Generation generation = 0;
  Sequence sequence = 0;
  bool is_state = false;  // a later one of the same session says what is the case now
};

/// Why messages are missing from a stream.
enum class GapReason : std::uint8_t {
  SlowClient,       // this outbox was full
  WorkerQueueFull,  // the worker's own ring was full
  History,          // a client that came back asked for what is not kept any more
};

[[nodiscard]] std::string_view name_of(GapReason reason) noexcept;  // "slow_client"

/// A run of messages that a full queue refused, to be told to the client: loss is never silent.
struct OutboxGap {
  std::shared_ptr<const SubscriptionId> session;
  Generation generation = 0;
  ipc::PriorityClass priority = ipc::PriorityClass::Important;
  GapReason reason = GapReason::SlowClient;
  Sequence from = 0;
  Sequence to = 0;  // inclusive
  std::uint64_t count = 0;
};

/// How much one outbox holds, per priority class. Tests choose smaller ones.
struct OutboxLimits {
  std::size_t messages = limits::kOutboxMessages;
  std::size_t control_messages = limits::kOutboxControlMessages;
  std::size_t bytes = limits::kOutboxBytes;
  std::size_t gaps = limits::kOutboxGaps;
};

/// The bounded queues of one stream, one per priority class. Used by the supervisor's loop.
///
/// At the limit (messages or bytes of the class): BULK and IMPORTANT drop their oldest and
/// remember a gap; CRITICAL and CONTROL are never dropped: `Overflow` tells the owner to close the
/// connection. But a camera that flaps must not cost others their connection: at the limit a new
/// state takes the place of the oldest waiting state of its own session, and a gap tells it. Gaps
/// of one session, generation, class and reason are one gap, so their number is bounded too; past
/// it is `Overflow` as well. `take` goes by strict priority, except that every 16th message comes
/// from the lowest class that has one, so that a flood of one class cannot starve those below it
/// for ever.
class Outbox {
 public:
  enum class Offer { Queued, DroppedOldest, Overflow };

  explicit Outbox(OutboxLimits limits = {}) : limits_{limits} {}

  [[nodiscard]] Offer offer(OutboxItem item);
  [[nodiscard]] Offer offer_gap(const OutboxGap& gap);
  [[nodiscard]] std::optional<OutboxItem> take();
  [[nodiscard]] std::vector<OutboxGap> take_gaps();

  /// The highest class that has a message; none when no message waits.
  [[nodiscard]] std::optional<ipc::PriorityClass> top() const noexcept;

  [[nodiscard]] bool empty() const noexcept { return messages_ == 0 && gaps_.empty(); }
  [[nodiscard]] std::size_t messages() const noexcept { return messages_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::uint64_t dropped_total(ipc::PriorityClass priority) const noexcept {
    return dropped_total_[ipc::index_of(priority)];
  }

 private:
  struct Queue {
    std::deque<OutboxItem> items;
    std::size_t bytes = 0;
  };

  [[nodiscard]] bool over_limit(std::size_t index) const noexcept;
  bool supersede_state(std::size_t index);
  bool drop(std::size_t index, std::deque<OutboxItem>::iterator item);  // false: gaps are full
  OutboxItem pop_first(std::size_t index);
  OutboxItem pop(std::size_t index, std::deque<OutboxItem>::iterator item);

  OutboxLimits limits_;
  std::array<Queue, ipc::kPriorityClasses> queues_;
  std::vector<OutboxGap> gaps_;
  std::array<std::uint64_t, ipc::kPriorityClasses> dropped_total_{};
  std::size_t messages_ = 0;
  std::size_t bytes_ = 0;
  std::uint64_t taken_total_ = 0;
};

}  // namespace bulkhead::supervisor
