#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bulkhead {

/// The value of one hexadecimal digit of either case; -1: `c` is none.
[[nodiscard]] int hex_value(char c) noexcept;

/// `text` with each %XX (RFC 3986 §2.1) replaced by its byte; empty where a '%' is not followed by
/// two hexadecimal digits. A NUL may come out of it: the caller says what it may hold.
[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace bulkhead
