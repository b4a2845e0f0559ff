#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "common/result.hpp"
#include "supervisor/access/identity.hpp"
#include "supervisor/access/secret.hpp"

namespace bulkhead::supervisor {

/// One-time tickets for who cannot send a header with an upgrade: browsers. A ticket stands for the
/// identity that asked for it, works once, and for limits::kTicketTime. Past limits::kTickets of
/// all, or limits::kTicketsPerIdentity of one, a new one is refused with LimitReached. Only digests
/// are kept, in memory. Used by the supervisor's loop; time comes in as monotonic nanoseconds.
class Tickets {
 public:
  [[nodiscard]] Result<std::string> issue(const Identity& identity, std::int64_t now_ns);

  /// The identity, and the ticket is used up; null: there is no such ticket any more.
  [[nodiscard]] std::shared_ptr<const Identity> redeem(std::string_view ticket,
                                                       std::int64_t now_ns);

  [[nodiscard]] std::size_t size() const noexcept { return tickets_.size(); }

 private:
  struct Ticket {
    SecretDigest digest;
    std::shared_ptr<const Identity> identity;
    std::int64_t until_ns;
  };

  void expire(std::int64_t now_ns);

  std::deque<Ticket> tickets_;  // the oldest first
};

}  // namespace bulkhead::supervisor
