#include "supervisor/access/token_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <nlohmann/json.hpp>

#include "common/json_fields.hpp"
#include "common/limits.hpp"
#include "common/text_file.hpp"
#include "common/unique_fd.hpp"

namespace bulkhead::supervisor {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::int64_t kFormat = 1;
constexpr std::size_t kTokenFileBytes = std::size_t{1} * 1024 * 1024;
constexpr std::int64_t kLastSecond = std::numeric_limits<std::int64_t>::max();

Error corrupt(const fs::path& file, const std::string& why) {
  return {ErrorCode::Corrupt, file.string() + " cannot be used: " + why, {}};
}

json json_of(const Token& token) {
  json text{{"name", token.name},
            {"role", name_of(token.role)},
            {"scope", token.scope.patterns()},
            {"sha256", hex_of(token.digest)},
            {"created", token.created_s}};
  if (token.expires_s) text["expires"] = *token.expires_s;
  return text;
}

Result<Token> token_from(const json& text) {
  JsonFields fields{text, ""};
  Token token;
  token.name = fields.required_string("name", limits::kNameChars);
  const auto role = role_of(fields.required_string("role", limits::kNameChars));
  const auto digest = digest_from_hex(fields.required_string("sha256", 2 * sizeof(SecretDigest)));
  auto scope = AccessScope::parse(
      fields.strings("scope", limits::kScopePatterns, limits::kSubscriptionIdChars + 1));
  token.created_s = fields.integer("created", 0, 0, kLastSecond);
  const std::int64_t expires_s = fields.integer("expires", 0, 0, kLastSecond);
  if (!is_token_name(token.name)) fields.fail("name", kTokenNameRule);
  if (!role) fields.fail("role", "is no role");
  if (!digest) fields.fail("sha256", "is no digest");
  if (!scope) fields.fail(scope.error());
  if (const auto done = fields.finish(); !done) return done.error();
  token.role = *role;
  token.digest = *digest;
  token.scope = *std::move(scope);
  if (expires_s > 0) token.expires_s = expires_s;
  return token;
}

/// Whoever can write the file makes tokens.
Result<void> check_rights(const fs::path& file) {
  struct stat status {};
  if (::lstat(file.c_str(), &status) != 0) return {};
  if (!S_ISREG(status.st_mode)) return corrupt(file, "it is no file");
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return corrupt(file, "others may write it; look at its tokens, then chmod 600");
  }
  return {};
}

Result<void> write_all(int fd, std::string_view text, const fs::path& file) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return errno_error(ErrorCode::Io, "cannot write " + file.string());
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

bool is_token_name(const std::string& name) noexcept {
  const auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= limits::kNameChars && name != "loopback" &&
         std::all_of(name.begin(), name.end(), allowed);
}

Result<std::vector<Token>> read_tokens(const fs::path& file) {
  if (const auto right = check_rights(file); !right) return right.error();
  const auto text = read_text_file(file, kTokenFileBytes);
  if (!text && text.error().code == ErrorCode::NotFound) return std::vector<Token>{};
  if (!text) return text.error();
  // Not parse_json: that one has the limit of a client's message, and this is a file of ours.
  const json whole = json::parse(*text, nullptr, false);
  if (!whole.is_object() || whole.value("v", json{}) != kFormat ||
      !whole.value("tokens", json{}).is_array()) {
    return corrupt(file, "it is no list of tokens of this version");
  }
  std::vector<Token> tokens;
  for (const json& one : whole.at("tokens")) {
    auto token = token_from(one);
    if (!token) return corrupt(file, token.error().message);
    tokens.push_back(*std::move(token));
  }
  if (tokens.size() > limits::kTokens) return corrupt(file, "it holds too many tokens");
  return tokens;
}

Result<void> write_tokens(const fs::path& file, const std::vector<Token>& tokens) {
  json list = json::array();
  for (const Token& token : tokens) list.push_back(json_of(token));
  const std::string text = json{{"v", kFormat}, {"tokens", std::move(list)}}.dump(1) + "\n";
  const fs::path next = file.string() + ".next";
  ::unlink(next.c_str());  // left by a write that a crash ended
  const UniqueFd fd{
      ::open(next.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!fd) return errno_error(ErrorCode::Io, "cannot write " + next.string());
  if (auto written = write_all(fd.get(), text, next); !written) return written;
  if (::fsync(fd.get()) != 0) return errno_error(ErrorCode::Io, "cannot keep " + next.string());
  if (::rename(next.c_str(), file.c_str()) != 0) {
    return errno_error(ErrorCode::Io, "cannot replace " + file.string());
  }
  // The name is in the folder, which is on disk only after this.
  const UniqueFd folder{::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!folder || ::fsync(folder.get()) != 0) {
    return errno_error(ErrorCode::Io, "cannot keep " + file.string());
  }
  return {};
}

}  // namespace bulkhead::supervisor
