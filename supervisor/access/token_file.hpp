#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "supervisor/access/identity.hpp"
#include "supervisor/access/secret.hpp"

namespace bulkhead::supervisor {

/// One token, without itself: that is shown once, to who made it.
struct Token {
  TokenNumber number = 0;  // of this process
  std::string name{};
  Role role = Role::Viewer;
  AccessScope scope{};
  SecretDigest digest{};
  std::int64_t created_s = 0;               // wall clock, since 1970
  std::optional<std::int64_t> expires_s{};  // none: never
};

inline constexpr const char* kTokenFile = "tokens.json";  // in the state directory

/// The tokens of a file; none where there is no file. Corrupt: it is no list of tokens, or others
/// may write it. Io. Blocks on disk.
[[nodiscard]] Result<std::vector<Token>> read_tokens(const std::filesystem::path& file);

/// Replaces the file by one of mode 0600 with these tokens: after a crash it is either the one or
/// the other, whole. Blocks on disk.
[[nodiscard]] Result<void> write_tokens(const std::filesystem::path& file,
                                        const std::vector<Token>& tokens);

/// What a name of a token looks like; the sentence for who gives another one.
[[nodiscard]] bool is_token_name(const std::string& name) noexcept;
inline constexpr const char* kTokenNameRule =
    "a token's name is 1 to 64 of A-Z a-z 0-9 . _ - and not \"loopback\"";

}  // namespace bulkhead::supervisor
