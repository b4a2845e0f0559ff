#include "common/sink_spec.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/json_fields.hpp"
#include "common/limits.hpp"
#include "common/sink_limits.hpp"
#include "common/text_file.hpp"

namespace bulkhead {

namespace {

// In the order of SinkSpec::Place.
const std::vector<std::string_view> kTypes{
    "sqlite", "redis", "postgres", "redis_publish", "redis_save_image", "postgres_upsert_combined"};
constexpr std::string_view kSessionMark = "{session}";

constexpr std::int64_t kMaxRetentionDays = 3650;
constexpr std::int64_t kMaxMegabytes = 1024 * 1024;
constexpr std::int64_t kMaxSnapshotMegabytes = 16 * 1024;  // as many as are counted in moments
constexpr std::int64_t kMaxStreamLength = 1'000'000'000;
constexpr std::int64_t kMaxLatestSeconds = 86'400;

/// A name in Redis. Placeholders that mean nothing would be taken literally, by mistake.
std::string read_name(JsonFields& fields, std::string_view key, const std::string& fallback) {
  std::string text = fields.string(key, fallback, limits::kKeyTemplateBytes);
  const std::string rest = for_session(text, "");
  if (rest.find_first_of("{}") != std::string::npos) {
    fields.fail(key, "holds a brace that is not of {session}; remove it");
  }
  return text;
}

/// One that must not be shared by two sessions.
std::string read_session_template(JsonFields& fields, std::string_view key,
                                  const std::string& fallback) {
  std::string text = read_name(fields, key, fallback);
  if (!text.empty() && text.find(kSessionMark) == std::string::npos) {
    fields.fail(key, "would be shared by all sessions; put {session} into it");
  }
  return text;
}

/// It becomes part of the names of files.
bool is_sink_name(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  return std::all_of(text.begin(), text.end(), allowed);
}

bool is_sql_identifier(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  const auto allowed = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); };
  return !text.empty() && is_letter(text.front()) && !text.starts_with("pg_") &&
         std::all_of(text.begin(), text.end(), allowed);
}

std::string read_identifier(JsonFields& fields, std::string_view key, const std::string& fallback) {
  std::string text = fields.string(key, fallback, limits::kSqlIdentifierBytes);
  if (!is_sql_identifier(text)) {
    fields.fail(key,
                "is no name for a schema; use a-z, 0-9 and _ only, no digit first, and not pg_");
  }
  return text;
}

SqliteSinkSpec read_sqlite(JsonFields& fields) {
  SqliteSinkSpec spec;
  spec.retention_days = static_cast<std::uint32_t>(
      fields.integer("retention_days", spec.retention_days, 1, kMaxRetentionDays));
  spec.max_mb = static_cast<std::uint32_t>(fields.integer("max_mb", spec.max_mb, 1, kMaxMegabytes));
  spec.snapshots_max_mb = static_cast<std::uint32_t>(
      fields.integer("snapshots_max_mb", spec.snapshots_max_mb, 1, kMaxSnapshotMegabytes));
  return spec;
}

RedisSinkSpec read_redis(JsonFields& fields) {
  RedisSinkSpec spec{read_redis_server(fields)};
  spec.stream = read_session_template(fields, "stream", spec.stream);
  if (spec.stream.empty()) fields.fail("stream", "is empty; remove it or give a name");
  spec.max_length = static_cast<std::uint64_t>(fields.integer(
      "max_length", static_cast<std::int64_t>(spec.max_length), 1, kMaxStreamLength));
  spec.publish = read_name(fields, "publish", "");
  spec.latest_key = read_session_template(fields, "latest_key", "");
  spec.latest_seconds = static_cast<std::uint32_t>(
      fields.integer("latest_seconds", spec.latest_seconds, 1, kMaxLatestSeconds));
  if (!spec.latest_key.empty() && spec.latest_key == spec.stream) {
    fields.fail("latest_key", "is the name of the stream; give it another one");
  }
  return spec;
}

PostgresSinkSpec read_postgres(JsonFields& fields) {
  PostgresSinkSpec spec{read_postgres_server(fields)};
  spec.schema = read_identifier(fields, "schema", spec.schema);
  return spec;
}

SinkSpec::Place read_place(JsonFields& fields, std::size_t type) {
  switch (type) {
    case 0:
      return read_sqlite(fields);
    case 1:
      return read_redis(fields);
    case 2:
      return read_postgres(fields);
    case 3:
      return read_redis_publish(fields);
    case 4:
      return read_redis_save_image(fields);
    default:
      return read_postgres_upsert(fields);
  }
}

nlohmann::json place_json(const SqliteSinkSpec& spec, SinkSpec::Secrets) {
  return {{"retention_days", spec.retention_days},
          {"max_mb", spec.max_mb},
          {"snapshots_max_mb", spec.snapshots_max_mb}};
}

nlohmann::json place_json(const RedisSinkSpec& spec, SinkSpec::Secrets secrets) {
  nlohmann::json json = server_json(static_cast<const RedisServerSpec&>(spec), secrets);
  json.update({{"stream", spec.stream},
               {"max_length", spec.max_length},
               {"publish", spec.publish},
               {"latest_key", spec.latest_key},
               {"latest_seconds", spec.latest_seconds}});
  return json;
}

nlohmann::json place_json(const PostgresSinkSpec& spec, SinkSpec::Secrets secrets) {
  nlohmann::json json = server_json(static_cast<const PostgresServerSpec&>(spec), secrets);
  json["schema"] = spec.schema;
  return json;
}

template <class Spec>
auto account_of(Spec& spec) -> decltype(&server_of<RedisServerSpec>(spec)->account) {
  if (auto* redis = server_of<RedisServerSpec>(spec)) return &redis->account;
  if (auto* postgres = server_of<PostgresServerSpec>(spec)) return &postgres->account;
  return nullptr;
}

bool is_history(const SinkSpec& spec) { return std::holds_alternative<SqliteSinkSpec>(spec.place); }

void resolve(std::string& file, const std::filesystem::path& base) {
  if (!file.empty()) file = (base / file).lexically_normal().string();
}

}  // namespace

Result<SinkSpec> SinkSpec::from_json(const nlohmann::json& json, const std::string& path) {
  JsonFields fields{json, path};
  SinkSpec spec;
  spec.name = fields.required_string("name", limits::kSinkNameBytes);
  if (!is_sink_name(spec.name)) {
    fields.fail("name", "is no name for a sink; use a-z, 0-9, _ and - only");
  }
  if (fields.member("type") == nullptr) {
    fields.fail("type", R"(is missing; give "sqlite", "redis", "postgres", or an action)");
  }
  const std::size_t type = fields.one_of("type", kTypes, 0);
  // Without its type nothing can be said of the other fields.
  if (fields.failed()) return fields.finish().error();
  spec.place = read_place(fields, type);
  if (const auto done = fields.finish(); !done) return done.error();
  return spec;
}

nlohmann::json SinkSpec::to_json(Secrets secrets) const {
  nlohmann::json json =
      std::visit([&](const auto& known) { return place_json(known, secrets); }, place);
  json["name"] = name;
  json["type"] = type_of(*this);
  return json;
}

Result<std::vector<SinkSpec>> read_sinks(const nlohmann::json& json, const std::string& path) {
  const auto refused = [&](std::string field, const std::string& sentence) {
    std::string message = field + ": " + sentence;
    return Error{ErrorCode::InvalidParams, std::move(message), std::move(field)};
  };
  if (!json.is_array()) {
    return refused(path, std::string{"found a value of type "} + json.type_name() +
                             R"(; give a list [{"name": "history", "type": "sqlite"}])");
  }
  if (json.size() > limits::kSinks) {
    return refused(path, "has " + std::to_string(json.size()) + " sinks; give at most " +
                             std::to_string(limits::kSinks));
  }
  if (const std::size_t bytes = json.dump().size(); bytes > limits::kSinksBytes) {
    return refused(path, "has " + std::to_string(bytes) + " bytes; give at most " +
                             std::to_string(limits::kSinksBytes) + ", shorter templates say");
  }
  std::vector<SinkSpec> sinks;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const std::string item = path + "[" + std::to_string(i) + "]";
    auto spec = SinkSpec::from_json(json[i], item);
    if (!spec) return spec.error();
    const auto same = [&](const SinkSpec& other) { return other.name == spec->name; };
    if (std::any_of(sinks.begin(), sinks.end(), same)) {
      return refused(item + ".name",
                     "a second sink is named \"" + spec->name + "\"; give each its own name");
    }
    sinks.push_back(std::move(*spec));
  }
  for (std::size_t i = 0; i < sinks.size(); ++i) {
    if (!std::holds_alternative<RedisSaveImageSpec>(sinks[i].place)) continue;
    if (std::ranges::any_of(sinks, is_history)) break;
    return refused(path + "[" + std::to_string(i) + "].type",
                   "saves pictures of events, which lie beside a history; give a sink of type "
                   "\"sqlite\", too");
  }
  return {boost::system::in_place_value, std::move(sinks)};
}

std::vector<SinkSpec> default_sinks() { return {{"history", SqliteSinkSpec{}}}; }

void resolve_files(SinkSpec& spec, const std::filesystem::path& base) {
  if (ServerAccount* account = account_of(spec)) resolve(account->password_file, base);
  if (auto* postgres = server_of<PostgresServerSpec>(spec)) {
    resolve(postgres->root_certificate, base);
  }
}

Result<SinkSpec> with_password(SinkSpec spec) {
  ServerAccount* account = account_of(spec);
  if (account == nullptr || account->password_file.empty()) return spec;
  // Room for a line's end, which editors put there.
  auto text = read_text_file(account->password_file, limits::kCredentialBytes + 2);
  if (!text) return text.error();
  while (text->ends_with('\n') || text->ends_with('\r')) text->pop_back();
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (text->empty() || text->size() > limits::kCredentialBytes ||
      std::any_of(text->begin(), text->end(), is_control)) {
    return Error{ErrorCode::InvalidParams,
                 account->password_file + " holds no password; write one line of 1 to " +
                     std::to_string(limits::kCredentialBytes) + " bytes into it",
                 "password_file"};
  }
  account->password = std::move(*text);
  account->password_file.clear();
  return spec;
}

std::string password_of(const SinkSpec& spec) {
  const ServerAccount* account = account_of(spec);
  return account == nullptr ? std::string{} : account->password;
}

std::string_view type_of(const SinkSpec& spec) noexcept { return kTypes[spec.place.index()]; }

std::string for_session(std::string_view name, std::string_view session) {
  std::string text;
  for (std::size_t mark = 0; (mark = name.find(kSessionMark)) != name.npos;) {
    text += name.substr(0, mark);
    text += session;
    name.remove_prefix(mark + kSessionMark.size());
  }
  return text += name;
}

}  // namespace bulkhead
