#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace bulkhead::supervisor {

/// Applies one `path.to.key=value` of the command line to a configuration: the value is parsed as
/// JSON, or taken as a string where it is none. Missing objects on the way are made; a key that no
/// one knows is refused later, by whoever reads the tree. InvalidParams names the assignment.
[[nodiscard]] Result<void> apply_override(nlohmann::json& root, std::string_view assignment);

/// What an environment variable holds; nothing where it is not set.
using EnvironmentLookup = std::function<std::optional<std::string>(const std::string& name)>;

/// Replaces every `${NAME}` in every string of the tree, keys apart; `$${` stands for `${`. What is
/// put in is not searched again. InvalidParams names the field and the variable, never a value.
[[nodiscard]] Result<void> substitute_environment(nlohmann::json& root,
                                                  const EnvironmentLookup& lookup);

}  // namespace bulkhead::supervisor
