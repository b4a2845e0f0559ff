#include "common/server_spec.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "common/json_fields.hpp"
#include "common/limits.hpp"
#include "common/sink_limits.hpp"

namespace bulkhead {

namespace {

const std::vector<std::string_view> kTlsModes{"disable", "allow",     "prefer",
                                              "require", "verify-ca", "verify-full"};
constexpr std::int64_t kMaxDatabase = 1023;  // Redis has 16 unless its configuration says otherwise

std::string read_text(JsonFields& fields, std::string_view key, const std::string& fallback,
                      std::size_t max_bytes) {
  std::string text = fields.string(key, fallback, max_bytes);
  if (text.empty()) fields.fail(key, "is empty; remove it or give at least one character");
  return text;
}

ServerAccount read_account(JsonFields& fields, ServerAccount account) {
  account.host = read_text(fields, "host", account.host, limits::kHostBytes);
  account.port = static_cast<std::uint16_t>(fields.integer("port", account.port, 1, UINT16_MAX));
  account.user = fields.string("user", account.user, limits::kCredentialBytes);
  account.password = fields.string("password", "", limits::kCredentialBytes);
  account.password_file = fields.string("password_file", "", limits::kPathBytes);
  if (!account.password.empty() && !account.password_file.empty()) {
    fields.fail("password_file", "is given beside password; keep one of them");
  }
  return account;
}

nlohmann::json account_json(const ServerAccount& account, SinkSecrets secrets) {
  nlohmann::json json{{"host", account.host}, {"port", account.port}, {"user", account.user}};
  if (!account.password_file.empty()) json["password_file"] = account.password_file;
  if (secrets == SinkSecrets::Kept && !account.password.empty()) {
    json["password"] = account.password;
  }
  return json;
}

}  // namespace

RedisServerSpec read_redis_server(JsonFields& fields) {
  RedisServerSpec spec;
  spec.account = read_account(fields, spec.account);
  const bool has_password = !spec.account.password.empty() || !spec.account.password_file.empty();
  if (!spec.account.user.empty() && !has_password) {
    fields.fail("user", "is given without a password; give password or password_file, too");
  }
  spec.database =
      static_cast<std::uint32_t>(fields.integer("database", spec.database, 0, kMaxDatabase));
  return spec;
}

PostgresServerSpec read_postgres_server(JsonFields& fields) {
  PostgresServerSpec spec;
  spec.account = read_account(fields, spec.account);
  if (spec.account.user.empty()) fields.fail("user", "is empty; name a role of the server");
  spec.database = read_text(fields, "database", spec.database, limits::kSqlIdentifierBytes);
  const auto tls = std::find(kTlsModes.begin(), kTlsModes.end(), spec.tls);
  spec.tls =
      kTlsModes[fields.one_of("tls", kTlsModes, static_cast<std::size_t>(tls - kTlsModes.begin()))];
  spec.root_certificate = fields.string("root_certificate", "", limits::kPathBytes);
  const bool is_verified = spec.tls.starts_with("verify-");
  if (is_verified && spec.root_certificate.empty()) {
    fields.fail("root_certificate", "is missing; tls \"" + spec.tls + "\" needs one to verify by");
  } else if (!is_verified && !spec.root_certificate.empty()) {
    fields.fail("root_certificate", R"(is of no use here; give tls "verify-full", or remove it)");
  }
  return spec;
}

nlohmann::json server_json(const RedisServerSpec& spec, SinkSecrets secrets) {
  nlohmann::json json = account_json(spec.account, secrets);
  json["database"] = spec.database;
  return json;
}

nlohmann::json server_json(const PostgresServerSpec& spec, SinkSecrets secrets) {
  nlohmann::json json = account_json(spec.account, secrets);
  json.update({{"database", spec.database}, {"tls", spec.tls}});
  if (!spec.root_certificate.empty()) json["root_certificate"] = spec.root_certificate;
  return json;
}

}  // namespace bulkhead
