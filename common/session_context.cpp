#include "common/session_context.hpp"

#include <cstddef>
#include <string_view>

#include "common/limits.hpp"
#include "common/redaction.hpp"

namespace bulkhead {

namespace {

Result<> check_text(const char* field, std::string_view text, std::size_t most) {
  const auto invalid = [&](const std::string& what) {
    return Error{ErrorCode::InvalidParams, what, field};
  };
  if (text.size() > most) {
    return invalid("has " + std::to_string(text.size()) + " bytes; give at most " +
                   std::to_string(most));
  }
  if (!is_printable(text)) return invalid("holds a character that cannot be shown; leave it out");
  return {};
}

}  // namespace

Result<> check(const SessionContext& context) {
  if (auto id = check_text("context", context.id, limits::kContextBytes); !id) return id;
  if (context.id.empty() && !context.stage.empty()) {
    return Error{ErrorCode::InvalidParams, "is one of no context; set that first", "stage"};
  }
  return check_text("stage", context.stage, limits::kContextStageBytes);
}

}  // namespace bulkhead
