#include "supervisor/access/secret.hpp"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <cstdint>

namespace bulkhead::supervisor {

namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kHex = "0123456789abcdef";

}  // namespace

Result<std::string> make_secret(std::string_view prefix) {
  std::array<unsigned char, kSecretBytes> bytes{};
  if (::RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    return Error{ErrorCode::Internal, "the system gives no random bytes", {}};
  }
  std::string text{prefix};
  std::uint32_t bits = 0;
  int held = 0;
  for (const unsigned char byte : bytes) {
    bits = bits << 8 | byte;
    held += 8;
    for (; held >= 6; held -= 6) text += kBase64Url[bits >> (held - 6) & 63];
  }
  if (held > 0) text += kBase64Url[bits << (6 - held) & 63];
  ::OPENSSL_cleanse(bytes.data(), bytes.size());
  return text;
}

SecretDigest digest_of(std::string_view secret) noexcept {
  SecretDigest digest{};
  ::SHA256(reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), digest.data());
  return digest;
}

bool is_same(const SecretDigest& a, const SecretDigest& b) noexcept {
  return ::CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string hex_of(const SecretDigest& digest) {
  std::string text;
  for (const unsigned char byte : digest) {
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  return text;
}

std::optional<SecretDigest> digest_from_hex(std::string_view text) noexcept {
  SecretDigest digest{};
  if (text.size() != 2 * digest.size()) return std::nullopt;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const std::size_t high = kHex.find(text[2 * i]);
    const std::size_t low = kHex.find(text[2 * i + 1]);
    if (high == kHex.npos || low == kHex.npos) return std::nullopt;
    digest[i] = static_cast<unsigned char>(high << 4 | low);
  }
  return digest;
}

}  // namespace bulkhead::supervisor
