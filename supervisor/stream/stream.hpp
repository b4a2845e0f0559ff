#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>

#include "common/ids.hpp"
#include "supervisor/stream/outbox.hpp"

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
  ObjectFilter objects{};
  bool detections = true;
  bool states = true;
  bool alerts = true;
  bool empty_frames = true;  // also frames in which nothing was seen
};

/// One result stream of one connection: a filter and an outbox. Owned by its connection's
/// Subscriber, referred to by the hub. Used by the supervisor's loop.
///
/// When something becomes available it calls `wake` once, until drained. `wake` runs inside the
/// hub's `publish`: it may start a write, but must not destroy a stream.
class Stream {
 public:
  Stream(std::string id, StreamFilter filter, std::function<void()> wake, OutboxLimits limits = {});

  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  [[nodiscard]] const StreamFilter& filter() const noexcept { return filter_; }
  [[nodiscard]] bool wants_session(const SubscriptionId& session) const;

  /// Never blocks. On Overflow the owner is woken and finds `overflowed()`.
  void offer(OutboxItem item);
  void offer_gap(const OutboxGap& gap);

  [[nodiscard]] Outbox& outbox() noexcept { return outbox_; }
  [[nodiscard]] const Outbox& outbox() const noexcept { return outbox_; }
  [[nodiscard]] bool overflowed() const noexcept { return overflowed_; }
  [[nodiscard]] std::uint64_t offered_total() const noexcept { return offered_total_; }

 private:
  void settle(bool was_empty, Outbox::Offer outcome);

  std::string id_;
  StreamFilter filter_;
  std::function<void()> wake_;
  Outbox outbox_;
  bool overflowed_ = false;
  std::uint64_t offered_total_ = 0;
};

}  // namespace bulkhead::supervisor
