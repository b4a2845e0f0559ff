#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "common/result.hpp"
#include "common/session_spec.hpp"

namespace bulkhead::supervisor {

/// What `session.reconfigure` asks for: the session's parameters with some of them changed. Pure.
///
/// `changes` is merged into them (JSON Merge Patch, RFC 7396): what is left out stays as it is,
/// null returns a member to its default. Besides the members of `session.subscribe` there are those
/// of the pipeline that are changed most: `maxFps`, `track`, and of its root `minConfidence`,
/// `nmsIou`, `classes`, `perClass`, `everyN`, `motion`, `region`, `masks`.
/// A new `rtspUrl` leaves the old credentials behind: they are the old camera's. Checked as a
/// subscription is; InvalidParams names the field as it was given. `lifetime` says who owns the
/// session and is changed by its owner, with `session.subscribe`.
[[nodiscard]] Result<SessionSpec> changed_spec(const SessionSpec& now,
                                               const nlohmann::json& changes,
                                               const std::string& path);

}  // namespace bulkhead::supervisor
