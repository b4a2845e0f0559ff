#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace bulkhead::supervisor {

/// Base64 with padding (RFC 4648 §4), for a picture inside JSON.
[[nodiscard]] std::string base64(std::span<const std::byte> bytes);

}  // namespace bulkhead::supervisor
