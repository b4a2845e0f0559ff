#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace bulkhead::cli {

// What `session.list`, `session.get`, `session.restart` and `system.state` answer, for people.
// Pure: `now_ms` is the wall clock in milliseconds since 1970.

/// ID STATE SINCE FPS PID GEN RESTARTS REASON, one line a session.
[[nodiscard]] std::string sessions_table(const nlohmann::json& result, std::int64_t now_ms,
                                         bool colours);

/// Everything of one session, one line a fact.
[[nodiscard]] std::string session_details(const nlohmann::json& session, std::int64_t now_ms,
                                          bool colours);

/// "CONNECT_FAILED: connection refused"; empty where there is no reason.
[[nodiscard]] std::string reason_text(const nlohmann::json& session);

[[nodiscard]] std::string reconfigured_line(const std::string& id, const nlohmann::json& result);

/// "shop-17 (paid)": whose a session's results, or a result, are, and how far that is; empty:
/// nobody's.
[[nodiscard]] std::string context_text(const nlohmann::json& object);
/// What `session.setContext`, `session.progress` or `session.get` say of it.
[[nodiscard]] std::string context_line(const nlohmann::json& result);

/// What became of each camera of a declared list, like a diff, and the sums below.
[[nodiscard]] std::string applied_text(const nlohmann::json& result, bool colours);
[[nodiscard]] std::size_t refused_entries(const nlohmann::json& result);

[[nodiscard]] std::string restart_line(const std::string& id, const nlohmann::json& result);

/// "RUNNING for 3 s: yolo11s.onnx, agreement 0.93 in 41 of 50 frames (2 skipped), cost ratio 1.80".
[[nodiscard]] std::string canary_text(const nlohmann::json& canary, std::int64_t now_ms);

[[nodiscard]] std::string system_text(const nlohmann::json& result);

}  // namespace bulkhead::cli
