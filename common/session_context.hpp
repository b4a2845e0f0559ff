#pragma once

#include <string>

#include "common/result.hpp"

namespace bulkhead {

/// Whose the results of a session are for the time being: an id from outside, such as that of a
/// customer's session at a display, and how far that has come. Each result carries the one that it
/// came under. A value; the ids of people may be in it, so it is for no log.
struct SessionContext {
  std::string id{};     // empty: nobody's
  std::string stage{};  // empty: none; there is none without an id

  bool operator==(const SessionContext&) const = default;
};

/// Whether it can be one: limits::kContextBytes and kContextStageBytes, printable UTF-8. The error
/// names "context" or "stage" and repeats neither.
[[nodiscard]] Result<> check(const SessionContext& context);

}  // namespace bulkhead
