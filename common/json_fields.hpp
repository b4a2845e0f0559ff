#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"

namespace bulkhead {

/// Of a key nobody asked for, as much is repeated in an error.
inline constexpr std::size_t kEchoedKeyBytes = 64;

/// What to do about a name that is none of `names`: "did you mean X?" where something is near, else
/// all that could be meant.
[[nodiscard]] std::string suggestion(std::string_view found,
                                     const std::vector<std::string_view>& names);

enum class JsonComments { Refused, Allowed };

/// Parses text from outside: refuses more than limits::kJsonBytes, deeper nesting than
/// limits::kJsonDepth, duplicate keys and invalid UTF-8, each with its own sentence. Malformed text
/// is named by line and column; no value is repeated, for it may be a password.
[[nodiscard]] Result<nlohmann::json> parse_json(std::string_view text, JsonComments comments);

/// Reads the members of one JSON object, remembers the first error, and refuses what nobody asked
/// for. Use: one call per field, then `finish()`. After an error every call returns its fallback,
/// so a reader needs no branch per field. A member that is null counts as absent.
///
/// Errors read "params.pipeline.maxFps: 5000 is out of range; give a number from 0 to 1000". The
/// value of a string is not repeated, for it may be a password, but for `one_of`.
class JsonFields {
 public:
  /// `path` prefixes field names in errors, e.g. "params"; may be empty. `object` must outlive
  /// this reader; one that is no object is the first error.
  JsonFields(const nlohmann::json& object, std::string path);

  /// Strings never hold control characters; a required one is not empty.
  std::string required_string(std::string_view key, std::size_t max_bytes);
  std::string string(std::string_view key, std::string fallback, std::size_t max_bytes);
  bool boolean(std::string_view key, bool fallback);
  std::int64_t integer(std::string_view key, std::int64_t fallback, std::int64_t min,
                       std::int64_t max);
  double number(std::string_view key, double fallback, double min, double max);

  /// An array of non-empty strings; empty where absent.
  std::vector<std::string> strings(std::string_view key, std::size_t max_items,
                                   std::size_t max_bytes);

  /// One of `names`; the index of the match, or `fallback` where the key is absent.
  std::size_t one_of(std::string_view key, const std::vector<std::string_view>& names,
                     std::size_t fallback);

  /// The raw member, or nullptr where absent or null. The caller validates it.
  const nlohmann::json* member(std::string_view key);

  /// Reports a failure found by the caller; the first one is kept. `message` says what was found
  /// and what to do; the path of `key` is put before it. An empty key means the object itself.
  void fail(std::string_view key, std::string_view message);
  void fail(Error error);

  /// Whether a failure is already known, for a reader that would do much work in vain.
  [[nodiscard]] bool failed() const noexcept { return error_.has_value(); }

  [[nodiscard]] std::string path_of(std::string_view key) const;

  /// The first error, or one naming the first unknown key and the nearest known one.
  [[nodiscard]] Result<void> finish();

 private:
  const nlohmann::json* find(std::string_view key);
  bool check_string(const std::string& key, const nlohmann::json& value, std::size_t max_bytes,
                    bool may_be_empty);
  [[nodiscard]] std::optional<Error> unknown_key() const;

  const nlohmann::json& object_;
  std::string path_;
  std::vector<std::string> known_;
  std::optional<Error> error_;
  bool missing_ = false;  // error_ says that a field is missing, perhaps only misspelt
};

}  // namespace bulkhead
