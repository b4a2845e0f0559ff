#pragma once

#include <nlohmann/json_fwd.hpp>

#include "supervisor/session/session_view.hpp"

namespace bulkhead::supervisor {

enum class SessionDetail { Full, WithoutLabels };

/// What `session.get` and `session.list` say of a session. Never holds a secret. The list leaves
/// out the model's labels, which may be a thousand.
[[nodiscard]] nlohmann::json session_json(const SessionView& view, SessionDetail detail);

}  // namespace bulkhead::supervisor
