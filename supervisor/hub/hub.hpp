#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "supervisor/session/session_events.hpp"
#include "supervisor/stream/stream.hpp"

namespace bulkhead::supervisor {

/// Turns validated events into wire messages, once each, and offers them to every stream that
/// wants them. All streams share one immutable payload. Lives in the supervisor's loop thread;
/// owns no stream's life: a stream leaves when its connection destroys the `Subscription`.
class Hub {
 public:
  /// Keeps a stream subscribed while it lives. Must not outlive the hub.
  class Subscription {
   public:
    Subscription() = default;
    Subscription(Hub& hub, std::uint64_t key) noexcept : hub_{&hub}, key_{key} {}
    Subscription(Subscription&& other) noexcept;
    Subscription& operator=(Subscription&& other) noexcept;
    ~Subscription();

   private:
    Hub* hub_ = nullptr;
    std::uint64_t key_ = 0;
  };

  [[nodiscard]] Subscription add(std::shared_ptr<Stream> stream);

  void publish(const ResultEvent& event);
  void publish(const StateEvent& event);
  void publish(const GapEvent& event);

  /// Callbacks for SessionTable that end in this hub.
  [[nodiscard]] SessionEvents events();

  [[nodiscard]] std::size_t streams() const noexcept { return streams_.size(); }
  [[nodiscard]] std::uint64_t messages_total() const noexcept { return messages_total_; }

 private:
  std::map<std::uint64_t, std::shared_ptr<Stream>> streams_;
  std::uint64_t next_key_ = 1;
  std::uint64_t messages_total_ = 0;
};

}  // namespace bulkhead::supervisor
