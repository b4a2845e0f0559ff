#include "supervisor/access/authenticator.hpp"

#include <utility>

namespace bulkhead::supervisor {

std::shared_ptr<const Identity> Authenticator::by_token(const Credentials& shown) const {
  const Token* token = tokens_ != nullptr ? tokens_->find(*shown.token) : nullptr;
  if (token == nullptr) return nullptr;
  return std::make_shared<const Identity>(Identity{.name = token->name,
                                                   .role = token->role,
                                                   .scope = token->scope,
                                                   .token = token->number,
                                                   .address = shown.address});
}

std::shared_ptr<const Identity> Authenticator::by_ticket(const Credentials& shown,
                                                         std::int64_t now_ns) {
  const auto issued = tickets_.redeem(*shown.ticket, now_ns);
  if (issued == nullptr) return nullptr;
  // The token it was issued to may have ended since.
  if (issued->token != 0 && (tokens_ == nullptr || !tokens_->counts(issued->token))) return nullptr;
  Identity identity = *issued;
  identity.address = shown.address;
  return std::make_shared<const Identity>(std::move(identity));
}

LoginRefusal Authenticator::refuse(const Credentials& shown, std::string reason,
                                   std::int64_t now_ns) {
  limiter_.failed(shown.address, now_ns);
  audit_.refused(shown.address, 401, reason, now_ns);
  return {.status = 401, .reason = std::move(reason), .retry_after_s = 0};
}

Authenticator::Outcome Authenticator::identify(const Credentials& shown, std::int64_t now_ns) {
  const bool shows_any = shown.token || shown.ticket;
  if (!shows_any && shown.is_loopback && !rules_.loopback_needs_token) return loopback_identity();
  if (!shows_any) {
    // No guess, so it is not counted: who has no token shall not keep those out who have.
    std::string reason = "a token is needed: Authorization: Bearer TOKEN";
    audit_.refused(shown.address, 401, reason, now_ns);
    return LoginRefusal{.status = 401, .reason = std::move(reason)};
  }
  if (const std::int64_t wait_s = limiter_.wait_s(shown.address, now_ns); wait_s > 0) {
    audit_.refused(shown.address, 429, "too many refused logins", now_ns);
    return LoginRefusal{.status = 429,
                        .reason = "too many refused logins from this address; wait " +
                                  std::to_string(wait_s) + " s",
                        .retry_after_s = wait_s};
  }
  if (shown.token) {
    if (auto identity = by_token(shown)) return identity;
    return refuse(shown, "the token is not known, revoked or expired", now_ns);
  }
  if (auto identity = by_ticket(shown, now_ns)) return identity;
  return refuse(shown, "the ticket is not known, used or expired", now_ns);
}

}  // namespace bulkhead::supervisor
