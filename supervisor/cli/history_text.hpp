#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace bulkhead::cli {

/// One result of `history.query`, a line for each object that was seen, or one for an event or a
/// gap: time (UTC), session, track, label with its confidence, attributes, zones.
[[nodiscard]] std::string history_lines(const nlohmann::json& result, bool colours);

}  // namespace bulkhead::cli
