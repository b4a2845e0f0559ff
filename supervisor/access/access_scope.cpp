#include "supervisor/access/access_scope.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "common/limits.hpp"
#include "common/redaction.hpp"

namespace bulkhead::supervisor {

namespace {

bool matches(std::string_view pattern, std::string_view name) noexcept {
  if (!pattern.ends_with('*')) return name == pattern;
  return name.starts_with(pattern.substr(0, pattern.size() - 1));
}

/// The beginning of a name obeys the rules of a name; "*" alone is one of nothing.
bool is_pattern(std::string_view pattern) {
  if (pattern.ends_with('*')) pattern.remove_suffix(1);
  return pattern.empty() || SubscriptionId::parse(std::string{pattern}).has_value();
}

}  // namespace

Result<AccessScope> AccessScope::parse(std::vector<std::string> patterns) {
  if (patterns.size() > limits::kScopePatterns) {
    return Error{ErrorCode::InvalidParams,
                 "scope: holds more than " + std::to_string(limits::kScopePatterns) +
                     " patterns; use a prefix such as \"hall-*\"",
                 "scope"};
  }
  for (const std::string& pattern : patterns) {
    if (!pattern.empty() && is_pattern(pattern)) continue;
    return Error{ErrorCode::InvalidParams,
                 "scope: \"" + printable_text(pattern, limits::kSubscriptionIdChars) +
                     "\" is neither the name of a session nor a prefix such as \"hall-*\"",
                 "scope"};
  }
  AccessScope scope;
  scope.patterns_ = std::move(patterns);
  return scope;
}

bool AccessScope::covers(const SubscriptionId& session) const noexcept {
  return is_all() ||
         std::any_of(patterns_.begin(), patterns_.end(),
                     [&](const std::string& pattern) { return matches(pattern, session.text()); });
}

}  // namespace bulkhead::supervisor
