#pragma once

#include <nlohmann/json_fwd.hpp>

#include "supervisor/session/session_view.hpp"

namespace bulkhead::supervisor {

enum class SessionDetail { Full, Brief };

/// What `session.get` and `session.list` say of a session. Never holds a secret. The list leaves
/// out what may be long: the model's labels and the last lines of a log.
[[nodiscard]] nlohmann::json session_json(const SessionView& view, SessionDetail detail);

[[nodiscard]] nlohmann::json canary_json(const CanaryView& canary);

}  // namespace bulkhead::supervisor
