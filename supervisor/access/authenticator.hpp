#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "supervisor/access/audit_log.hpp"
#include "supervisor/access/identity.hpp"
#include "supervisor/access/login_limiter.hpp"
#include "supervisor/access/tickets.hpp"
#include "supervisor/access/token_store.hpp"

namespace bulkhead::supervisor {

/// What a client shows of itself.
struct Credentials {
  std::string address{};  // without the port
  bool is_loopback = false;
  std::optional<std::string> token{};
  std::optional<std::string> ticket{};
};

/// Why somebody is not let in.
struct LoginRefusal {
  unsigned status = 401;  // 429: too many failures from there
  std::string reason{};
  std::int64_t retry_after_s = 0;
};

/// Decides who a client is, before anything else is done for it. Credentials that are shown must be
/// right, wherever the client is. Without any, a client of this machine is `loopback_identity()`,
/// unless `loopback_needs_token`. Owned by ControlContext, used by the supervisor's loop.
class Authenticator {
 public:
  struct Rules {
    bool loopback_needs_token = false;
  };

  /// `tokens` may be null: then there are none.
  Authenticator(Rules rules, const TokenStore* tokens, AuditLog& audit)
      : rules_{rules}, tokens_{tokens}, audit_{audit} {}

  using Outcome = boost::system::result<std::shared_ptr<const Identity>, LoginRefusal>;
  [[nodiscard]] Outcome identify(const Credentials& shown, std::int64_t now_ns);

  [[nodiscard]] Result<std::string> issue_ticket(const Identity& identity, std::int64_t now_ns) {
    return tickets_.issue(identity, now_ns);
  }

 private:
  [[nodiscard]] std::shared_ptr<const Identity> by_token(const Credentials& shown) const;
  [[nodiscard]] std::shared_ptr<const Identity> by_ticket(const Credentials& shown,
                                                          std::int64_t now_ns);
  LoginRefusal refuse(const Credentials& shown, std::string reason, std::int64_t now_ns);

  Rules rules_;
  const TokenStore* tokens_;
  AuditLog& audit_;
  Tickets tickets_;
  LoginLimiter limiter_;
};

}  // namespace bulkhead::supervisor
