#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "supervisor/control/control_limits.hpp"
#include "supervisor/control/log_tails.hpp"
#include "supervisor/hub/hub.hpp"
#include "supervisor/stream/stream.hpp"

namespace bulkhead::supervisor {

/// One text frame about to be written: `head`, then the shared rest where there is one.
struct Outgoing {
  std::string_view head;
  std::string_view tail;  // shared by all that are told the same; empty: `head` is all
  bool compress = false;
};

/// Everything one client is still to be told: its replies and its streams. Owned by its WebSocket
/// session; knows no socket, so that the order of sending is tested without one. Used by the
/// supervisor's loop.
///
/// Replies are CONTROL and come first; then the stream whose next message has the highest class,
/// in turn among equals. Every 16th message comes from the next stream whatever its class, in a
/// turn of its own, so that neither replies nor one stream can starve another. A change of a
/// stream's status and its gaps are told before its next message. Lines of logs come last, and have
/// every second of those turns.
///
/// Bounds: each stream's outbox, past which `end_overflowed()` ends that stream and no other;
/// replies and notices by `reply_bytes`, past which `overflowed()` asks the owner to end the
/// connection. `has_many_replies()` asks it to stop reading requests first, which is how an honest
/// client is slowed down.
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

  using Resume = std::map<SubscriptionId, ResumePoint>;

  /// A new stream, which begins with what the sessions of `resume` have told since. LimitReached.
  Result<Opened> open(StreamFilter filter, StreamPolicy policy = {}, const Resume& resume = {});
  Result<void> close(const std::string& stream_id);
  [[nodiscard]] Result<std::shared_ptr<const Stream>> stream(const std::string& stream_id) const;
  [[nodiscard]] std::size_t streams() const noexcept { return streams_.size(); }
  [[nodiscard]] LogTails& tails() noexcept { return tails_; }

  void reply(std::string text);
  /// Valid until the next call.
  [[nodiscard]] std::optional<Outgoing> next(std::int64_t now_ns);

  /// All that `next` gave so far has left for the client, which took so long.
  void written(std::int64_t took_ns);

  /// The connection became a slow consumer, or is none any more.
  void throttle(std::int64_t now_ns);
  void recover();

  /// Ends the streams that overflowed, or all. The last word to each is told next, and where to
  /// resume; nothing comes after it.
  std::size_t end_overflowed();
  void close_streams(std::string_view reason);

  [[nodiscard]] bool overflowed() const noexcept;
  [[nodiscard]] bool has_many_replies() const noexcept;
  [[nodiscard]] bool has_replies() const noexcept { return !replies_.empty(); }
  [[nodiscard]] bool has_notices() const noexcept { return !notices_.empty(); }

  /// Ends all streams and forgets all replies; nothing is said any more.
  void leave();

 private:
  struct Member {
    std::shared_ptr<Stream> stream;
    Hub::Subscription subscription;
    std::string_view head_method{};  // that `head` is of: most messages follow one of their kind
    std::string head{};
  };

  std::optional<Outgoing> next_reply();
  std::optional<Outgoing> next_notice();
  std::optional<Outgoing> next_log();
  std::optional<Outgoing> take_from(Member& member, std::int64_t now_ns);
  void tell_status(Stream& stream);
  void notice(std::string text);
  Member* pick();
  Member* pick_any_class();

  Hub& hub_;
  ControlLimits limits_;
  std::function<void()> wake_;
  std::vector<Member> streams_;
  LogTails tails_;
  std::deque<std::string> replies_;
  std::deque<std::string> notices_;  // told next: status and gaps, of one stream at a time
  std::string told_;                 // what `next` gave, or the shared rest of it
  Payload told_payload_;
  std::size_t reply_bytes_ = 0;
  std::size_t notice_bytes_ = 0;
  std::size_t turn_ = 0;            // index of the stream served last by its class,
  std::size_t any_class_turn_ = 0;  // and without regard to it
  std::uint64_t sent_total_ = 0;
  std::uint64_t opened_total_ = 0;
};

}  // namespace bulkhead::supervisor
