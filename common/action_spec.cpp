#include "common/action_spec.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "common/event_kind.hpp"
#include "common/json_fields.hpp"
#include "common/limits.hpp"
#include "common/sink_limits.hpp"
#include "common/utf8.hpp"

namespace bulkhead {

namespace {

constexpr std::int64_t kMaxExpireSeconds = 30 * 86'400;
const std::vector<std::string_view> kRegions{"frame", "object"};

std::vector<std::string_view> kind_names() {
  std::vector<std::string_view> names{"detection"};
  for (std::size_t kind = 0; kind < kEventKinds; ++kind) {
    names.push_back(name_of(static_cast<EventKind>(kind)));
  }
  return names;
}

RecordFilter read_filter(JsonFields& fields) {
  RecordFilter filter;
  const nlohmann::json* when = fields.member("when");
  if (when == nullptr) return filter;
  JsonFields members{*when, fields.path_of("when")};
  const auto texts = [&](std::string_view key) {
    return members.strings(key, limits::kActionFilterTexts, limits::kNameChars);
  };
  filter.kinds = texts("kinds");
  const auto names = kind_names();
  for (std::size_t i = 0; i < filter.kinds.size(); ++i) {
    if (std::ranges::find(names, filter.kinds[i]) != names.end()) continue;
    members.fail("kinds[" + std::to_string(i) + "]",
                 "is no kind of result; " + suggestion(filter.kinds[i], names));
  }
  filter.labels = texts("labels");
  filter.min_confidence = members.number("min_confidence", 0, 0, 1);
  filter.zones = texts("zones");
  filter.attributes = texts("attributes");
  if (const auto done = members.finish(); !done) fields.fail(done.error());
  return filter;
}

RecordTemplate parse_template(JsonFields& fields, std::string_view key, std::string text) {
  auto parsed = RecordTemplate::parse(std::move(text));
  if (parsed) return *std::move(parsed);
  fields.fail(key, parsed.error().message);
  return {};
}

RecordTemplate read_template(JsonFields& fields, std::string_view key, std::size_t max_bytes) {
  return parse_template(fields, key, fields.required_string(key, max_bytes));
}

/// An object of them: 1 to limits::kTemplateFields.
TemplateFields read_templates(JsonFields& fields, std::string_view key) {
  TemplateFields templates;
  const nlohmann::json* object = fields.member(key);
  if (object == nullptr) {
    fields.fail(key, R"(is missing; give an object {"NAME": "{label}"})");
    return templates;
  }
  JsonFields members{*object, fields.path_of(key)};
  if (object->is_object() && (object->empty() || object->size() > limits::kTemplateFields)) {
    members.fail("", "has " + std::to_string(object->size()) + " members; give 1 to " +
                         std::to_string(limits::kTemplateFields));
  }
  for (const auto& [name, value] : object->items()) {
    if (members.failed()) break;
    if (name.empty() || name.size() > limits::kNameChars || has_control_character(name)) {
      members.fail("", "has a member whose name is no text of 1 to " +
                           std::to_string(limits::kNameChars) + " bytes; correct it");
      break;
    }
    templates[name] = read_template(members, name, limits::kTemplateBytes);
  }
  if (const auto done = members.finish(); !done) fields.fail(done.error());
  return templates;
}

/// As PostgreSQL knows it once it is quoted: case counts.
bool is_plain_identifier(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto is_allowed = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c);
  };
  return !text.empty() && text.size() <= limits::kSqlIdentifierBytes && !is_digit(text.front()) &&
         std::ranges::all_of(text, is_allowed);
}

std::string read_table(JsonFields& fields) {
  std::string table = fields.required_string("table", 2 * limits::kSqlIdentifierBytes + 1);
  const std::size_t dot = table.find('.');
  const std::string_view whole{table};
  const bool is_name = dot == std::string::npos ? is_plain_identifier(whole)
                                                : is_plain_identifier(whole.substr(0, dot)) &&
                                                      is_plain_identifier(whole.substr(dot + 1));
  if (!is_name) {
    fields.fail("table",
                "is no name of a table; give NAME or SCHEMA.NAME of letters, digits and "
                "_, no digit first");
  }
  return table;
}

TemplateFields read_columns(JsonFields& fields, std::string_view key) {
  TemplateFields columns = read_templates(fields, key);
  for (const auto& [name, value] : columns) {
    if (is_plain_identifier(name)) continue;
    fields.fail(key,
                "has a member whose name is none of a column; use letters, digits and _, no "
                "digit first, at most " +
                    std::to_string(limits::kSqlIdentifierBytes) + " bytes");
  }
  return columns;
}

nlohmann::json json_of(const RecordFilter& filter) {
  nlohmann::json json = nlohmann::json::object();
  const auto add = [&](const char* key, const std::vector<std::string>& texts) {
    if (!texts.empty()) json[key] = texts;
  };
  add("kinds", filter.kinds);
  add("labels", filter.labels);
  if (filter.min_confidence > 0) json["min_confidence"] = filter.min_confidence;
  add("zones", filter.zones);
  add("attributes", filter.attributes);
  return json;
}

nlohmann::json json_of(const RecordTemplate& text) { return text.text(); }

nlohmann::json json_of(const TemplateFields& templates) {
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [name, value] : templates) json[name] = value.text();
  return json;
}

}  // namespace

RedisPublishSpec read_redis_publish(JsonFields& fields) {
  RedisPublishSpec spec{read_redis_server(fields), read_filter(fields)};
  spec.channel = read_template(fields, "channel", limits::kKeyTemplateBytes);
  const nlohmann::json* message = fields.member("message");
  if (message != nullptr && message->is_object()) {
    spec.message = read_templates(fields, "message");
  } else {
    spec.message = read_template(fields, "message", limits::kTemplateBytes);
  }
  return spec;
}

RedisSaveImageSpec read_redis_save_image(JsonFields& fields) {
  RedisSaveImageSpec spec{read_redis_server(fields), read_filter(fields)};
  spec.key = read_template(fields, "key", limits::kKeyTemplateBytes);
  spec.expire_seconds = static_cast<std::uint32_t>(
      fields.integer("expire_seconds", spec.expire_seconds, 1, kMaxExpireSeconds));
  spec.has_boxes = fields.boolean("boxes", spec.has_boxes);
  spec.is_of_object = fields.one_of("region", kRegions, 0) == 1;
  return spec;
}

PostgresUpsertSpec read_postgres_upsert(JsonFields& fields) {
  PostgresUpsertSpec spec{read_postgres_server(fields), read_filter(fields)};
  spec.table = read_table(fields);
  spec.key = read_columns(fields, "key");
  spec.fields = read_columns(fields, "fields");
  for (const auto& [name, value] : spec.fields) {
    if (spec.key.contains(name)) {
      fields.fail("fields." + name, "is a column of key, too; keep one of them");
    }
  }
  return spec;
}

nlohmann::json place_json(const RedisPublishSpec& spec, SinkSecrets secrets) {
  nlohmann::json json = server_json(static_cast<const RedisServerSpec&>(spec), secrets);
  json.update(
      {{"when", json_of(spec.when)},
       {"channel", json_of(spec.channel)},
       {"message", std::visit([](const auto& kind) { return json_of(kind); }, spec.message)}});
  return json;
}

nlohmann::json place_json(const RedisSaveImageSpec& spec, SinkSecrets secrets) {
  nlohmann::json json = server_json(static_cast<const RedisServerSpec&>(spec), secrets);
  json.update({{"when", json_of(spec.when)},
               {"key", json_of(spec.key)},
               {"expire_seconds", spec.expire_seconds},
               {"boxes", spec.has_boxes},
               {"region", kRegions[spec.is_of_object ? 1 : 0]}});
  return json;
}

nlohmann::json place_json(const PostgresUpsertSpec& spec, SinkSecrets secrets) {
  nlohmann::json json = server_json(static_cast<const PostgresServerSpec&>(spec), secrets);
  json.update({{"when", json_of(spec.when)},
               {"table", spec.table},
               {"key", json_of(spec.key)},
               {"fields", json_of(spec.fields)}});
  return json;
}

}  // namespace bulkhead
