#include "supervisor/config_text.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/json_fields.hpp"
#include "common/redaction.hpp"

namespace bulkhead::supervisor {

namespace {

constexpr std::size_t kEchoBytes = 128;

Error refused(std::string field, const std::string& sentence) {
  std::string message = field + ": " + sentence;
  return {ErrorCode::InvalidParams, std::move(message), std::move(field)};
}

bool is_variable_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && !(name.front() >= '0' && name.front() <= '9') &&
         std::all_of(name.begin(), name.end(), allowed);
}

Result<std::string> substituted(std::string_view text, const std::string& path,
                                const EnvironmentLookup& lookup) {
  std::string result;
  while (true) {
    const std::size_t mark = text.find("${");
    result += text.substr(0, mark);
    if (mark == text.npos) return result;
    if (mark > 0 && text[mark - 1] == '$') {  // the first dollar of "$${" is already copied
      result += '{';
      text.remove_prefix(mark + 2);
      continue;
    }
    const std::size_t end = text.find('}', mark);
    if (end == text.npos) return refused(path, "holds ${ without }; write $${ for a literal ${");
    const std::string name{text.substr(mark + 2, end - mark - 2)};
    if (!is_variable_name(name)) {
      return refused(path, "${" + printable_text(name, kEchoBytes) +
                               "} names no environment variable; write $${ for a literal ${");
    }
    const auto value = lookup(name);
    if (!value) {
      return refused(path, "the environment variable " + name +
                               " is not set; set it or replace ${" + name + "}");
    }
    result += *value;
    text.remove_prefix(end + 1);
  }
}

Result<void> substitute(nlohmann::json& value, const std::string& path,
                        const EnvironmentLookup& lookup) {
  if (value.is_string()) {
    auto text = substituted(value.get_ref<const std::string&>(), path, lookup);
    if (!text) return text.error();
    value = std::move(*text);
    return {};
  }
  if (!value.is_structured()) return {};
  for (const auto& item : value.items()) {
    const std::string step =
        value.is_array() ? "[" + item.key() + "]" : (path.empty() ? "" : ".") + item.key();
    if (auto done = substitute(item.value(), path + step, lookup); !done) return done;
  }
  return {};
}

}  // namespace

Result<void> apply_override(nlohmann::json& root, std::string_view assignment) {
  const auto failure = [&](const std::string& sentence) {
    return refused("--set " + printable_text(assignment, kEchoBytes), sentence);
  };
  const std::size_t equals = assignment.find('=');
  if (equals == assignment.npos) return failure("has no '='; write path.to.key=value");

  nlohmann::json* target = &root;
  std::string_view path = assignment.substr(0, equals);
  while (true) {
    const std::size_t dot = path.find('.');
    const std::string key{path.substr(0, dot)};
    if (key.empty()) return failure("has an empty key; write path.to.key=value");
    if (target->is_null()) *target = nlohmann::json::object();
    if (!target->is_object()) return failure("goes through a key that holds a plain value");
    target = &(*target)[key];
    if (dot == path.npos) break;
    path.remove_prefix(dot + 1);
  }
  const std::string_view text = assignment.substr(equals + 1);
  auto value = parse_json(text, JsonComments::Refused);
  *target = value ? std::move(*value) : nlohmann::json(std::string{text});
  return {};
}

Result<void> substitute_environment(nlohmann::json& root, const EnvironmentLookup& lookup) {
  return substitute(root, "", lookup);
}

}  // namespace bulkhead::supervisor
