#pragma once

#include <string>
#include <vector>

#include "common/ids.hpp"
#include "common/result.hpp"

namespace bulkhead::supervisor {

/// The sessions that somebody may see and command: all of them, or those whose name is one of the
/// patterns. A pattern is a name, or the beginning of names followed by `*`. Compared by value.
class AccessScope {
 public:
  AccessScope() = default;  // all

  /// InvalidParams (field "scope") names the pattern at fault, and more than
  /// limits::kScopePatterns. An empty list is all sessions.
  static Result<AccessScope> parse(std::vector<std::string> patterns);

  [[nodiscard]] bool covers(const SubscriptionId& session) const noexcept;
  [[nodiscard]] bool is_all() const noexcept { return patterns_.empty(); }
  [[nodiscard]] const std::vector<std::string>& patterns() const noexcept { return patterns_; }

  bool operator==(const AccessScope&) const = default;

 private:
  std::vector<std::string> patterns_;
};

}  // namespace bulkhead::supervisor
