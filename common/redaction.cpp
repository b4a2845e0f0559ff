#include "common/redaction.hpp"

#include <algorithm>
#include <array>

#include "common/percent_encoding.hpp"
#include "common/utf8.hpp"

namespace bulkhead {

namespace {

constexpr std::size_t kShortestSecretBytes = 3;
constexpr std::string_view kEllipsis = "…";

/// Bytes by which `text` starts with `wanted` written plainly, as %XX, or behind the backslash of
/// a JSON string; 0 where it starts with something else.
std::size_t match_character(std::string_view text, char wanted) noexcept {
  if (text.empty()) return 0;
  if (text[0] == '%' && text.size() >= 3 && hex_value(text[1]) >= 0 && hex_value(text[2]) >= 0 &&
      static_cast<char>(hex_value(text[1]) * 16 + hex_value(text[2])) == wanted) {
    return 3;
  }
  if (text[0] == '\\' && text.size() >= 2 && text[1] == wanted &&
      (wanted == '"' || wanted == '\\' || wanted == '/')) {
    return 2;
  }
  return text[0] == wanted ? 1 : 0;
}

std::size_t match_secret(std::string_view text, std::string_view secret) noexcept {
  std::size_t length = 0;
  for (const char wanted : secret) {
    const std::size_t step = match_character(text.substr(length), wanted);
    if (step == 0) return 0;
    length += step;
  }
  return length;
}

/// Whether the well-formed character is one that could end or forge a line.
bool is_control(std::string_view character) noexcept {
  if (character.size() == 1) return has_control_character(character);
  if (character.size() == 2) {  // U+0080 to U+009F
    return character[0] == '\xC2' && static_cast<unsigned char>(character[1]) < 0xA0;
  }
  return character == "\u2028" || character == "\u2029";
}

std::string hex_escaped(std::string_view bytes) {
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += "\\x";
    text += kHexDigits[byte / 16U];
    text += kHexDigits[byte % 16U];
  }
  return text;
}

}  // namespace

void Redactor::add(std::string_view secret) {
  if (secret.size() < kShortestSecretBytes) return;
  const std::scoped_lock lock{mutex_};
  if (std::find(secrets_.begin(), secrets_.end(), secret) != secrets_.end()) return;
  const auto longer = [&](const std::string& other) { return other.size() >= secret.size(); };
  secrets_.emplace(std::partition_point(secrets_.begin(), secrets_.end(), longer), secret);
}

std::string Redactor::redact(std::string_view text) const {
  std::string safe;
  safe.reserve(text.size());
  const std::scoped_lock lock{mutex_};
  while (!text.empty()) {
    std::size_t hidden = 0;
    for (const std::string& secret : secrets_) {
      hidden = match_secret(text, secret);
      if (hidden != 0) break;
    }
    if (hidden != 0) {
      safe += kRedacted;
    } else {
      safe += text.front();
      hidden = 1;
    }
    text.remove_prefix(hidden);
  }
  return safe;
}

std::string printable_text(std::string_view text, std::size_t max_bytes) {
  std::string safe;
  std::size_t cut = 0;  // where the text ends if it must make room for the ellipsis
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    std::string piece = "?";
    if (length != 0) {
      const std::string_view character = text.substr(0, length);
      piece = is_control(character) ? hex_escaped(character) : std::string{character};
    }
    if (safe.size() + piece.size() > max_bytes) {
      safe.resize(cut);
      if (max_bytes >= kEllipsis.size()) safe += kEllipsis;
      return safe;
    }
    safe += piece;
    if (safe.size() + kEllipsis.size() <= max_bytes) cut = safe.size();
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return safe;
}

bool is_printable(std::string_view text) { return printable_text(text, text.size()) == text; }

}  // namespace bulkhead
