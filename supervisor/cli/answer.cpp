#include "supervisor/cli/answer.hpp"

#include <nlohmann/json.hpp>

#include "common/limits.hpp"
#include "common/redaction.hpp"

namespace bulkhead::cli {

using nlohmann::json;

const json& member_of(const json& object, std::string_view key) {
  static const json absent;
  if (!object.is_object()) return absent;
  const auto found = object.find(key);
  return found == object.end() ? absent : *found;
}

std::string text_of(const json& object, std::string_view key) {
  const json& value = member_of(object, key);
  if (!value.is_string()) return {};
  return printable_text(value.get_ref<const std::string&>(), limits::kLogFieldBytes);
}

double number_of(const json& object, std::string_view key) {
  const json& value = member_of(object, key);
  return value.is_number() ? value.get<double>() : 0;
}

std::int64_t count_of(const json& object, std::string_view key) {
  const json& value = member_of(object, key);
  return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}

bool flag_of(const json& object, std::string_view key) {
  const json& value = member_of(object, key);
  return value.is_boolean() && value.get<bool>();
}

}  // namespace bulkhead::cli
