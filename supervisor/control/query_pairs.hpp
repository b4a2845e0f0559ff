#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/result.hpp"

namespace bulkhead::supervisor {

using QueryPairs = std::vector<std::pair<std::string, std::string>>;

/// What stands behind the '?' of a target, decoded and in order: "a=1&b=x%20y". A key without a
/// value has an empty one. InvalidParams: it is not percent-encoded.
[[nodiscard]] Result<QueryPairs> query_pairs(std::string_view query);

/// The query of a target; empty where it has none.
[[nodiscard]] std::string_view query_of(std::string_view target) noexcept;

}  // namespace bulkhead::supervisor
