#pragma once

#include <cstddef>
#include <string_view>

namespace bulkhead {

/// Bytes of the one character that starts `text`, 1 to 4; 0 where the text is empty or its first
/// bytes are no well-formed UTF-8 (RFC 3629: overlong forms and surrogates are none).
[[nodiscard]] std::size_t utf8_length(std::string_view text) noexcept;

[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// Whether the text holds a byte below 0x20 or 0x7F.
[[nodiscard]] bool has_control_character(std::string_view text) noexcept;

}  // namespace bulkhead
