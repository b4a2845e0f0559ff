#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "common/result.hpp"
#include "common/session_spec.hpp"
#include "supervisor/control/control_services.hpp"
#include "supervisor/control/method_table.hpp"

namespace bulkhead::supervisor {

inline const std::string kParams = "params";
inline const std::string kIdKey = "subscriptionIdentifier";

// What `session.subscribe` and each entry of `session.setSubscriptionList` have in common. `path`
// is where the parameters stand, e.g. "params.sessions[3]"; errors name their fields below it.

/// The parameters of one subscription as this supervisor understands them. InvalidParams; NotFound:
/// there is no such pipeline; AddressDenied.
[[nodiscard]] Result<SessionSpec> read_subscription(const ControlServices& services,
                                                    const Caller& caller,
                                                    const nlohmann::json& params,
                                                    const std::string& path);

/// What a camera's address and pipeline mean here. AddressDenied: it is written as a number that
/// no camera may have; what a name leads to is for its worker to see.
[[nodiscard]] Result<SessionSpec> resolve_subscription(const ControlServices& services,
                                                       Result<SessionSpec> spec,
                                                       const std::string& path);

/// An error of the session table, with its field where the caller gave it.
[[nodiscard]] Error at_path(Error error, const std::string& path);

[[nodiscard]] nlohmann::json subscription_json(const SubscriptionId& id,
                                               const SessionTable::Subscribed& subscribed);

/// After a session has its new parameters: who owns it, and what is on disk of it. `done` has
/// `answer` with `kept` of a persistent one; now where there is no registry, else once the disk has
/// answered.
void settle_subscription(const ControlServices& services, const Caller& caller,
                         const SessionSpec& spec, nlohmann::json answer,
                         std::function<void(const nlohmann::json&)> done);

}  // namespace bulkhead::supervisor
