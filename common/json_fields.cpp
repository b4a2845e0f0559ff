#include "common/json_fields.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "common/limits.hpp"
#include "common/redaction.hpp"
#include "common/utf8.hpp"

namespace bulkhead {

namespace {

constexpr std::size_t kLongestCompared = 64;  // keys beyond it resemble nothing

std::string in_quotes(std::string_view text) {
  std::string result{'"'};
  result += printable_text(text, kEchoedKeyBytes);
  result += '"';
  return result;
}

std::string kind_of(const nlohmann::json& value) {
  const std::string name = value.type_name();
  return (name == "array" || name == "object" ? "an " : "a ") + name;
}

/// What was found: scalars by their value, the rest by its kind.
std::string shown(const nlohmann::json& value) {
  return value.is_number() || value.is_boolean() ? value.dump() : kind_of(value);
}

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Insertions, deletions and replacements that turn one into the other, case apart.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (lower(a[i]) == lower(b[j]) ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, diagonal + 1, replaced});
    }
  }
  return row.back();
}

std::string range_text(const nlohmann::json& min, const nlohmann::json& max) {
  return "from " + min.dump() + " to " + max.dump();
}

}  // namespace

std::string suggestion(std::string_view found, const std::vector<std::string_view>& names) {
  std::string_view nearest;
  std::size_t least = std::max<std::size_t>(2, found.size() / 3) + 1;
  std::string all;
  for (const std::string_view name : names) {
    all += (all.empty() ? "" : ", ") + std::string{name};
    if (found.size() > kLongestCompared) continue;
    const std::size_t distance = edit_distance(found, name);
    if (distance < least && distance < name.size()) {
      least = distance;
      nearest = name;
    }
  }
  if (!nearest.empty()) return "did you mean " + in_quotes(nearest) + "?";
  return all.empty() ? "remove it" : "use one of: " + all;
}

JsonFields::JsonFields(const nlohmann::json& object, std::string path)
    : object_{object}, path_{std::move(path)} {
  if (!object_.is_object()) fail("", "found " + kind_of(object_) + "; give an object {…}");
}

std::string JsonFields::path_of(std::string_view key) const {
  if (key.empty() || path_.empty()) return path_ + std::string{key};
  return path_ + "." + std::string{key};
}

void JsonFields::fail(std::string_view key, std::string_view message) {
  std::string path = path_of(key);
  std::string sentence = path.empty() ? std::string{} : path + ": ";
  sentence += message;
  fail(Error{ErrorCode::InvalidParams, std::move(sentence), std::move(path)});
}

void JsonFields::fail(Error error) {
  if (!error_) error_ = std::move(error);
}

const nlohmann::json* JsonFields::find(std::string_view key) {
  if (std::ranges::find(known_, key) == known_.end()) known_.emplace_back(key);
  if (error_) return nullptr;
  const auto found = object_.find(key);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

const nlohmann::json* JsonFields::member(std::string_view key) { return find(key); }

bool JsonFields::check_string(const std::string& key, const nlohmann::json& value,
                              std::size_t max_bytes, bool may_be_empty) {
  if (!value.is_string()) {
    fail(key, "found " + kind_of(value) + "; give a string");
    return false;
  }
  const auto& text = value.get_ref<const std::string&>();
  if (text.empty() && !may_be_empty) {
    fail(key, "is empty; give at least one character");
  } else if (text.size() > max_bytes) {
    fail(key, "has " + std::to_string(text.size()) + " bytes; give at most " +
                  std::to_string(max_bytes));
  } else if (has_control_character(text)) {
    fail(key, "holds a control character; remove it");
  } else {
    return true;
  }
  return false;
}

std::string JsonFields::required_string(std::string_view key, std::size_t max_bytes) {
  const nlohmann::json* value = find(key);
  if (value == nullptr) {
    if (error_) return {};
    fail(key, "is missing; give a string");
    missing_ = true;
    return {};
  }
  if (!check_string(std::string{key}, *value, max_bytes, false)) return {};
  return value->get<std::string>();
}

std::string JsonFields::string(std::string_view key, std::string fallback, std::size_t max_bytes) {
  const nlohmann::json* value = find(key);
  if (value == nullptr || !check_string(std::string{key}, *value, max_bytes, true)) return fallback;
  return value->get<std::string>();
}

bool JsonFields::boolean(std::string_view key, bool fallback) {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return fallback;
  if (value->is_boolean()) return value->get<bool>();
  fail(key, "found " + shown(*value) + "; give true or false");
  return fallback;
}

std::int64_t JsonFields::integer(std::string_view key, std::int64_t fallback, std::int64_t min,
                                 std::int64_t max) {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return fallback;
  if (!value->is_number_integer()) {
    fail(key, "found " + shown(*value) + "; give a whole number " + range_text(min, max));
    return fallback;
  }
  // An unsigned value above INT64_MAX would turn negative.
  const bool huge = value->is_number_unsigned() && value->get<std::uint64_t>() > INT64_MAX;
  const auto number = value->get<std::int64_t>();
  if (!huge && number >= min && number <= max) return number;
  fail(key, shown(*value) + " is out of range; give a whole number " + range_text(min, max));
  return fallback;
}

double JsonFields::number(std::string_view key, double fallback, double min, double max) {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return fallback;
  if (!value->is_number()) {
    fail(key, "found " + shown(*value) + "; give a number " + range_text(min, max));
    return fallback;
  }
  const auto number = value->get<double>();
  if (number >= min && number <= max) return number;
  fail(key, shown(*value) + " is out of range; give a number " + range_text(min, max));
  return fallback;
}

std::vector<std::string> JsonFields::strings(std::string_view key, std::size_t max_items,
                                             std::size_t max_bytes) {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return {};
  if (!value->is_array()) {
    fail(key, "found " + shown(*value) + "; give an array of strings");
    return {};
  }
  if (value->size() > max_items) {
    fail(key, "has " + std::to_string(value->size()) + " items; give at most " +
                  std::to_string(max_items));
    return {};
  }
  std::vector<std::string> texts;
  for (const nlohmann::json& item : *value) {
    const std::string item_key = std::string{key} + "[" + std::to_string(texts.size()) + "]";
    if (!check_string(item_key, item, max_bytes, false)) return {};
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

std::size_t JsonFields::one_of(std::string_view key, const std::vector<std::string_view>& names,
                               std::size_t fallback) {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return fallback;
  if (!value->is_string()) {
    fail(key, "found " + shown(*value) + "; " + suggestion("", names));
    return fallback;
  }
  const auto& text = value->get_ref<const std::string&>();
  const auto match = std::find(names.begin(), names.end(), text);
  if (match != names.end()) return static_cast<std::size_t>(match - names.begin());
  fail(key, in_quotes(text) + " is not known; " + suggestion(text, names));
  return fallback;
}

std::optional<Error> JsonFields::unknown_key() const {
  if (!object_.is_object()) return std::nullopt;
  for (const auto& item : object_.items()) {
    const std::string& key = item.key();
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    const std::string path = path_of(printable_text(key, kEchoedKeyBytes));
    return Error{ErrorCode::InvalidParams,
                 path + ": is not known; " + suggestion(key, {known_.begin(), known_.end()}), path};
  }
  return std::nullopt;
}

Result<void> JsonFields::finish() {
  // A missing field may have been given under a misspelt name, which explains more.
  if (!error_ || missing_) {
    if (auto unknown = unknown_key()) return *unknown;
  }
  if (error_) return *error_;
  return {};
}

}  // namespace bulkhead
