#include "supervisor/access/tickets.hpp"

#include <algorithm>

#include "common/clock.hpp"
#include "common/limits.hpp"

namespace bulkhead::supervisor {

namespace {

constexpr std::int64_t kTicketNs = std::chrono::nanoseconds{limits::kTicketTime}.count();

}  // namespace

void Tickets::expire(std::int64_t now_ns) {
  while (!tickets_.empty() && tickets_.front().until_ns <= now_ns) tickets_.pop_front();
}

Result<std::string> Tickets::issue(const Identity& identity, std::int64_t now_ns) {
  expire(now_ns);
  const auto own = std::count_if(tickets_.begin(), tickets_.end(), [&](const Ticket& ticket) {
    return ticket.identity->name == identity.name && ticket.identity->token == identity.token;
  });
  if (tickets_.size() >= limits::kTickets ||
      static_cast<std::size_t>(own) >= limits::kTicketsPerIdentity) {
    return Error{ErrorCode::LimitReached,
                 "too many tickets wait to be used; use them, or let them expire",
                 {}};
  }
  auto ticket = make_secret("");
  if (!ticket) return ticket;
  tickets_.push_back({.digest = digest_of(*ticket),
                      .identity = std::make_shared<const Identity>(identity),
                      .until_ns = now_ns + kTicketNs});
  return ticket;
}

std::shared_ptr<const Identity> Tickets::redeem(std::string_view ticket, std::int64_t now_ns) {
  expire(now_ns);
  const SecretDigest digest = digest_of(ticket);
  const auto found = std::find_if(tickets_.begin(), tickets_.end(),
                                  [&](const Ticket& kept) { return is_same(kept.digest, digest); });
  if (found == tickets_.end()) return nullptr;
  auto identity = found->identity;
  tickets_.erase(found);
  return identity;
}

}  // namespace bulkhead::supervisor
