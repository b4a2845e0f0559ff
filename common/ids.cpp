#include "common/ids.hpp"

#include <algorithm>

#include "common/limits.hpp"
#include "common/redaction.hpp"

namespace bulkhead {

namespace {

constexpr std::size_t kEchoedIdBytes = 160;

// Not std::isalnum: that one follows the locale.
bool is_id_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view{"._:;-"}.find(c) != std::string_view::npos;
}

Error invalid(std::string_view text, std::string_view remedy) {
  std::string message{'"'};
  message += printable_text(text, kEchoedIdBytes);
  message += "\" is no session name; ";
  message += remedy;
  return {ErrorCode::InvalidParams, std::move(message), {}};
}

}  // namespace

Result<SubscriptionId> SubscriptionId::parse(std::string_view text) {
  if (text.empty() || text.size() > limits::kSubscriptionIdChars) {
    return invalid(text, "use 1 to " + std::to_string(limits::kSubscriptionIdChars) +
                             " characters, this has " + std::to_string(text.size()));
  }
  if (!std::all_of(text.begin(), text.end(), is_id_character)) {
    return invalid(text, "use letters, digits and . _ : ; - only");
  }
  if (text.find_first_not_of('.') == std::string_view::npos) {
    return invalid(text, "dots alone name a directory, add a letter or a digit");
  }
  return SubscriptionId{std::string{text}};
}

std::string SubscriptionId::file_stem() const {
  std::string stem = text_;
  std::replace_if(
      stem.begin(), stem.end(), [](char c) { return c == ';' || c == ':'; }, '_');
  return stem;
}

}  // namespace bulkhead
