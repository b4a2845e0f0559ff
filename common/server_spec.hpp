#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace bulkhead {

class JsonFields;

/// Who logs in where. The password is given itself, as `${ENV}` say, or by a file of its own.
struct ServerAccount {
  std::string host;  // a name or an address
  std::uint16_t port = 0;
  std::string user;
  std::string password;
  std::string password_file;  // absolute once Config has loaded it; empty: none

  bool operator==(const ServerAccount&) const = default;
};

/// A Redis server of version 5 or later, without TLS: it belongs on this machine or behind a
/// tunnel.
struct RedisServerSpec {
  ServerAccount account{"127.0.0.1", 6379, {}, {}, {}};
  std::uint32_t database = 0;

  bool operator==(const RedisServerSpec&) const = default;
};

/// A PostgreSQL server of version 12 or later.
struct PostgresServerSpec {
  ServerAccount account{"127.0.0.1", 5432, "bulkhead", {}, {}};
  std::string database = "bulkhead";
  std::string tls = "prefer";    // libpq's sslmode
  std::string root_certificate;  // of verify-ca and verify-full; absolute like password_file

  bool operator==(const PostgresServerSpec&) const = default;
};

/// Whether JSON is to hold passwords.
enum class SinkSecrets { Hidden, Kept };

// The fields of a server, which stand beside those of the sink that uses it.
[[nodiscard]] RedisServerSpec read_redis_server(JsonFields& fields);
[[nodiscard]] PostgresServerSpec read_postgres_server(JsonFields& fields);
[[nodiscard]] nlohmann::json server_json(const RedisServerSpec& spec, SinkSecrets secrets);
[[nodiscard]] nlohmann::json server_json(const PostgresServerSpec& spec, SinkSecrets secrets);

}  // namespace bulkhead
