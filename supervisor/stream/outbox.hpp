#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/ids.hpp"
#include "ipc/priority_class.hpp"

namespace bulkhead::supervisor {

/// A serialised message, shared by all streams that want it.
using Payload = std::shared_ptr<const std::string>;

/// One message waiting for its reader.
struct OutboxItem {
  ipc::PriorityClass priority = ipc::PriorityClass::Important;
  Payload payload;
  std::shared_ptr<const SubscriptionId> session;  // null for messages of no session
  Sequence sequence = 0;
  std::int64_t queued_ns = 0;  // monotonic
};

/// A run of messages that a full outbox refused, to be told to the client: loss is never silent.
struct OutboxGap {
  std::shared_ptr<const SubscriptionId> session;
  ipc::PriorityClass priority = ipc::PriorityClass::Important;
  Sequence from = 0;
  Sequence to = 0;
  std::uint64_t count = 0;
};

/// The bounded queues of one stream, one per priority class. Used by the supervisor's loop.
///
/// At the limit (messages or bytes, common/limits.hpp): BULK and IMPORTANT drop their oldest and
/// remember a gap; CRITICAL and CONTROL are never dropped: `Overflow` tells the owner to close the
/// stream. `take` goes by strict priority, except that every 16th message comes from the lowest
/// class that has one, so that a flood of detections cannot starve the rest for ever.
class Outbox {
 public:
  enum class Offer { Queued, DroppedOldest, Overflow };

  [[nodiscard]] Offer offer(OutboxItem item);
  [[nodiscard]] std::optional<OutboxItem> take();
  [[nodiscard]] std::vector<OutboxGap> take_gaps();

  [[nodiscard]] bool empty() const noexcept { return messages_ == 0; }
  [[nodiscard]] std::size_t messages() const noexcept { return messages_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::uint64_t dropped_total(ipc::PriorityClass priority) const noexcept {
    return dropped_total_[ipc::index_of(priority)];
  }

 private:
  void remember_gap(const OutboxItem& item);
  OutboxItem pop_front(std::size_t index);

  std::array<std::deque<OutboxItem>, ipc::kPriorityClasses> queues_;
  std::vector<OutboxGap> gaps_;
  std::array<std::uint64_t, ipc::kPriorityClasses> dropped_total_{};
  std::size_t messages_ = 0;
  std::size_t bytes_ = 0;
  std::uint64_t taken_total_ = 0;
};

}  // namespace bulkhead::supervisor
