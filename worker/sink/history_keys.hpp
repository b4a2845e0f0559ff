#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "worker/sink/sink.hpp"

namespace bulkhead::worker {

/// What a result is found by later, each key once, in order: labels, tracks, zones and attributes
/// of its objects; of an event its own; its kind where it is no detection; whose it is. A member of
/// another type than DESIGN §5 says is not found by.
[[nodiscard]] std::vector<std::uint32_t> history_keys(const nlohmann::json& message,
                                                      RecordKind kind);

/// A frame in which nothing was seen is no history: nobody looks for it, and there are more of them
/// than of all others.
[[nodiscard]] bool is_worth_keeping(const nlohmann::json& message, RecordKind kind);

}  // namespace bulkhead::worker
