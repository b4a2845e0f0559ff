#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "common/ids.hpp"
#include "ipc/priority_class.hpp"

namespace bulkhead::supervisor {

/// How many serialised messages are alive and what they take: each once, however many streams
/// share it. Counted by the messages themselves as they come and go. Used by the supervisor's loop.
struct BroadcastLoad {
  std::size_t messages = 0;
  std::size_t bytes = 0;
};

/// One message's share of the load, for as long as it lives.
class LoadShare {
 public:
  LoadShare() = default;  // of a message that nobody counts
  LoadShare(std::shared_ptr<BroadcastLoad> load, std::size_t bytes)
      : load_{std::move(load)}, bytes_{bytes} {
    ++load_->messages;
    load_->bytes += bytes_;
  }
  LoadShare(LoadShare&& other) noexcept
      : load_{std::exchange(other.load_, nullptr)}, bytes_{other.bytes_} {}
  LoadShare& operator=(LoadShare&&) = delete;
  ~LoadShare() {
    if (load_ == nullptr) return;
    --load_->messages;
    load_->bytes -= bytes_;
  }

 private:
  std::shared_ptr<BroadcastLoad> load_;  // outlives the hub: a write may be on its way
  std::size_t bytes_ = 0;
};

/// One serialised notification without what differs from stream to stream. On the wire it is
/// `{"jsonrpc":"2.0","method":METHOD,"params":{"streamId":ID,` followed by `params_tail`, which
/// ends the message. So a connection writes a few bytes of its own and the shared rest.
struct Message {
  std::string_view method;  // of a literal
  std::string params_tail;  // `"v":1,…}}`
  LoadShare share{};
};

/// A serialised message, shared by all streams that want it.
using Payload = std::shared_ptr<const Message>;

/// Orders shared names by what they say: the hub names each session by one object, but by another
/// once it was removed and came again.
struct ByName {
  using Name = std::shared_ptr<const SubscriptionId>;

  bool operator()(const Name& a, const Name& b) const noexcept {
    if (a == b || b == nullptr) return false;
    return a == nullptr || *a < *b;
  }
};

/// One message waiting for its reader.
struct OutboxItem {
  ipc::PriorityClass priority = ipc::PriorityClass::Important;
  bool is_state = false;  // a later one of the same session says what is the case now
  bool is_event = false;  // of a track or a zone: not one of those that a rate may hold back
  Payload payload;
  std::shared_ptr<const SubscriptionId> session;  // null for messages of no session
  Generation generation = 0;
  Sequence sequence = 0;
  std::int64_t at_ns = 0;  // monotonic, of its publication

  [[nodiscard]] std::size_t bytes() const noexcept { return payload->params_tail.size(); }
};

/// Why messages are missing from a stream.
enum class GapReason : std::uint8_t {
  SlowClient,       // this outbox was full
  WorkerQueueFull,  // the worker's own ring was full
  History,          // a client that came back asked for what is not kept any more
  Expired,          // waited longer than the stream's time to live
  RateLimit,        // more than the stream's rate
  MemoryBudget,     // all streams together held too much, and this one the most
};
inline constexpr std::size_t kGapReasons = 6;

[[nodiscard]] std::string_view name_of(GapReason reason) noexcept;  // "slow_client"

/// A run of messages that a stream does not get, to be told to the client: loss is never silent.
struct OutboxGap {
  std::shared_ptr<const SubscriptionId> session;
  Generation generation = 0;
  ipc::PriorityClass priority = ipc::PriorityClass::Important;
  GapReason reason = GapReason::SlowClient;
  Sequence from = 0;
  Sequence to = 0;  // inclusive
  std::uint64_t count = 0;
};

}  // namespace bulkhead::supervisor
