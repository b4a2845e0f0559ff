#pragma once

#include <chrono>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "supervisor/cli/commands/command.hpp"
#include "supervisor/cli/outcome.hpp"

namespace bulkhead::cli {

/// Reads a log over the control channel, from any machine: calls `log.tail` with `params` and hands
/// on each `log.line`, whole, until the log has told all; one that follows goes on for as long as
/// the supervisor does, over its upgrade without a line twice, or for `limit`.
Outcome<> read_log(const Context& context, nlohmann::json params,
                   const std::function<void(const nlohmann::json& notification)>& told,
                   std::optional<std::chrono::seconds> limit = {});

}  // namespace bulkhead::cli
