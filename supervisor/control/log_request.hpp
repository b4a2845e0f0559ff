#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "common/result.hpp"
#include "supervisor/control/control_services.hpp"
#include "supervisor/log/log_tail.hpp"

namespace bulkhead::supervisor {

/// What `log.tail` is asked for. InvalidParams; NotFound: no such session, or not for `who`;
/// PermissionDenied: who is no operator, or asks for the supervisor's own log and is no admin.
[[nodiscard]] Result<LogRequest> read_log_request(const ControlServices& services,
                                                  const Identity& who,
                                                  const nlohmann::json& params);

/// The params of `log.tail` as an HTTP query says them, `lines=50&level=warn&follow=1`; what is no
/// parameter of it is left for `read_log_request` to refuse.
[[nodiscard]] Result<nlohmann::json> log_params_of(std::string_view query);

}  // namespace bulkhead::supervisor
