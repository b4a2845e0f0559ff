#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "common/result.hpp"
#include "supervisor/control/control_services.hpp"
#include "supervisor/history/history_query.hpp"
#include "supervisor/history/snapshot_file.hpp"

namespace bulkhead::supervisor {

/// What `history.query` is asked for, within the scope of `who`. InvalidParams; NotFound: a session
/// that its scope leaves out, as if there were none.
[[nodiscard]] Result<HistoryQuery> read_history_query(const Identity& who,
                                                      const nlohmann::json& params);

/// The params as an HTTP query says them, `session=cam&label=car&label=bus&limit=10`: `session`,
/// `kind` and `label` may be said more than once. What is none of them is left for
/// `read_history_query` to refuse.
[[nodiscard]] Result<nlohmann::json> history_params_of(std::string_view query);

/// What `history.snapshot` is asked for. The scope of its session has been looked at.
[[nodiscard]] Result<SnapshotQuery> read_snapshot_query(const Identity& who,
                                                        const nlohmann::json& params);

/// The params as HTTP says them: `name` of the path, `boxes=1` or `boxes=0` of the query.
[[nodiscard]] Result<nlohmann::json> snapshot_params_of(const std::string& session,
                                                        const std::string& name,
                                                        std::string_view query);

/// What is answered. An error where the one session that was asked for has none to read, unless
/// `sessions` knows it: then it only has no history yet.
[[nodiscard]] Result<std::string> history_answer(const HistoryQuery& query, HistoryPage page,
                                                 const SessionTable& sessions);

}  // namespace bulkhead::supervisor
