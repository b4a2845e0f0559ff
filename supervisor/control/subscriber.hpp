#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "supervisor/control/control_limits.hpp"
#include "supervisor/hub/hub.hpp"
#include "supervisor/stream/stream.hpp"

namespace bulkhead::supervisor {

/// One text frame about to be written: `head`, then the shared rest where there is one.
struct Outgoing {
  std::string head;
  Payload payload;  // null: `head` is all
};

/// Everything one client is still to be told: its replies and its streams. Owned by its WebSocket
/// session; knows no socket, so that the order of sending is tested without one. Used by the
/// supervisor's loop.
///
/// Replies are CONTROL and come first; then the stream whose next message has the highest class,
/// in turn among equals. Every 16th message comes from the next stream in turn whatever its class,
/// so that neither replies nor one stream can starve another. A gap of a stream is told before its
/// next message.
///
/// Bounds: each stream's outbox; replies by `reply_bytes`, past which, or when a stream
/// overflowed, `overflowed()` asks the owner to cut the connection. `has_many_replies()` asks it
/// to stop reading requests first, which is how an honest client is slowed down.
class Subscriber {
 public:
  Subscriber(Hub& hub, const ControlLimits& limits, std::function<void()> wake);
  ~Subscriber();
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;

  struct Opened {
    std::string id;  // unique on this connection
    std::size_t replayed;
  };

  /// A new stream, which begins with what the sessions of `resume` have told since. LimitReached.
  Result<Opened> open(StreamFilter filter,
                      const std::map<SubscriptionId, ResultPosition>& resume = {});
  Result<void> close(const std::string& stream_id);
  [[nodiscard]] Result<std::shared_ptr<const Stream>> stream(const std::string& stream_id) const;
  [[nodiscard]] std::size_t streams() const noexcept { return streams_.size(); }

  void reply(std::string text);
  [[nodiscard]] std::optional<Outgoing> next();

  [[nodiscard]] bool overflowed() const noexcept;
  [[nodiscard]] bool has_many_replies() const noexcept;
  [[nodiscard]] bool has_replies() const noexcept { return !replies_.empty(); }

  /// Ends all streams and forgets all replies; nothing is said any more.
  void leave();

 private:
  struct Member {
    std::shared_ptr<Stream> stream;
    Hub::Subscription subscription;
  };

  std::optional<Outgoing> next_reply();
  std::optional<Outgoing> next_gap();
  Outgoing take_from(Stream& stream);
  Stream* pick(bool any_class);

  Hub& hub_;
  ControlLimits limits_;
  std::function<void()> wake_;
  std::vector<Member> streams_;
  std::deque<std::string> replies_;
  std::deque<std::string> gaps_;  // told next; all of one stream at a time
  std::size_t reply_bytes_ = 0;
  std::size_t turn_ = 0;  // index of the stream served last
  std::uint64_t sent_total_ = 0;
  std::uint64_t opened_total_ = 0;
};

}  // namespace bulkhead::supervisor
