#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace bulkhead::supervisor {

/// The SHA-256 of a secret: what is kept of it.
using SecretDigest = std::array<unsigned char, 32>;

/// A new one of 256 random bits: `prefix` and 43 characters of base64url, which may stand in any
/// HTTP header. Internal: the system has no randomness.
[[nodiscard]] Result<std::string> make_secret(std::string_view prefix);

[[nodiscard]] SecretDigest digest_of(std::string_view secret) noexcept;

/// In a time that does not tell where they differ.
[[nodiscard]] bool is_same(const SecretDigest& a, const SecretDigest& b) noexcept;

[[nodiscard]] std::string hex_of(const SecretDigest& digest);
[[nodiscard]] std::optional<SecretDigest> digest_from_hex(std::string_view text) noexcept;

}  // namespace bulkhead::supervisor
