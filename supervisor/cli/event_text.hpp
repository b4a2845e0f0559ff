#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace bulkhead::cli {

/// One notification of a stream (`{"method", "params"}`) as one line without its end: what was
/// seen, a session's change of state, or a gap. Empty for a method this program does not know.
[[nodiscard]] std::string event_line(const nlohmann::json& notification, bool colours);

/// "  colour=red  plate=AB123": what the pipeline has to say of an object beyond its label, by its
/// `attributes`, members of which are objects with a `label` or texts.
[[nodiscard]] std::string attributes_text(const nlohmann::json& attributes);

}  // namespace bulkhead::cli
