#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace bulkhead {

/// Counts the incarnations of one session's worker; the first is 1.
using Generation = std::uint32_t;

/// Counts the results of one generation across all priority classes, from 1 and without holes: a
/// hole that a reader sees is a loss. (session, generation, sequence) names a result for ever.
using Sequence = std::uint64_t;

/// Name of one camera session, chosen by the operator: `display;camera` or any name of
/// [A-Za-z0-9._:;-], 1 to 128 characters. A live object is always valid.
class SubscriptionId {
 public:
  static Result<SubscriptionId> parse(std::string_view text);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }

  /// The name with `;` and `:` as `_`, for file names. Not unique: two ids may share one.
  [[nodiscard]] std::string file_stem() const;

  auto operator<=>(const SubscriptionId&) const = default;

 private:
  explicit SubscriptionId(std::string text) : text_{std::move(text)} {}
  std::string text_;
};

}  // namespace bulkhead

template <>
struct std::hash<bulkhead::SubscriptionId> {
  std::size_t operator()(const bulkhead::SubscriptionId& id) const noexcept {
    return std::hash<std::string>{}(id.text());
  }
};
