#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bulkhead::cli {

/// The bytes of a base64 text with padding (RFC 4648 §4); nothing where it is none.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace bulkhead::cli
