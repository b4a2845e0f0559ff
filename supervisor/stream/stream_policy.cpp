#include "supervisor/stream/stream_policy.hpp"

#include <algorithm>

namespace bulkhead::supervisor {

std::string_view name_of(OverflowPolicy policy) noexcept {
  switch (policy) {
    case OverflowPolicy::DropOldest:
      return "drop_oldest";
    case OverflowPolicy::DropNewest:
      return "drop_newest";
    case OverflowPolicy::Coalesce:
      return "coalesce";
    case OverflowPolicy::Block:
      return "block";
    case OverflowPolicy::Error:
      return "error";
  }
  return {};
}

std::optional<OverflowPolicy> overflow_policy_of(std::string_view name) noexcept {
  const auto found = std::ranges::find_if(
      kAllOverflowPolicies, [&](OverflowPolicy policy) { return name_of(policy) == name; });
  if (found == kAllOverflowPolicies.end()) return std::nullopt;
  return *found;
}

}  // namespace bulkhead::supervisor
