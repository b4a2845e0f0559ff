#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/token_bucket.hpp"
#include "supervisor/session/session_limits.hpp"

namespace bulkhead::supervisor {

/// Decides which worker may connect to its camera when, so that a switch that comes back does not
/// start fifty handshakes at once. A connection takes a token of its camera's host and one of the
/// machine. Of those that wait the highest priority is first, then who came first; one whose host
/// has no token holds up nobody of another host.
///
/// Pure: time comes in as monotonic nanoseconds. Owned by ConnectionAdmission. As many wait as
/// there are workers, and as many hosts are remembered as were connected to within a burst.
class ConnectionQueue {
 public:
  using Ticket = std::uint64_t;

  struct Request {
    std::string host;
    std::uint32_t priority = 0;
    std::int64_t not_before_ns = 0;
  };

  explicit ConnectionQueue(const ConnectionRates& rates);

  Ticket enter(Request request);
  void leave(Ticket ticket);

  /// Whose turn it is now; nothing: nobody's.
  [[nodiscard]] std::optional<Ticket> next(std::int64_t now_ns) const;

  /// When it will be somebody's turn; nothing: nobody waits.
  [[nodiscard]] std::optional<std::int64_t> next_ns(std::int64_t now_ns) const;

  /// The one of `next`: takes its tokens, and it leaves.
  void admit(Ticket ticket, std::int64_t now_ns);

  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size(); }
  [[nodiscard]] std::size_t hosts() const noexcept { return hosts_.size(); }
  [[nodiscard]] std::int64_t machine_tokens(std::int64_t now_ns) const noexcept {
    return machine_.tokens(now_ns);
  }

 private:
  struct Waiting {
    Ticket ticket;
    Request request;
  };

  [[nodiscard]] std::int64_t ready_ns(const Request& request, std::int64_t now_ns) const;

  const ConnectionRates rates_;
  TokenBucket machine_;
  std::map<std::string, TokenBucket> hosts_;  // those whose bucket was not full at the last look
  std::vector<Waiting> waiting_;              // by falling priority, then by ticket
  Ticket last_ticket_ = 0;
};

}  // namespace bulkhead::supervisor
