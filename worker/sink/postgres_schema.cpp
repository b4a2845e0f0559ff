#include "worker/sink/postgres_schema.hpp"

#include <array>

#include "common/clock.hpp"

namespace bulkhead::worker {

namespace {

// Each is done once, in this order; what has been released is never changed.
constexpr std::array<std::string_view, 1> kMigrations{
    R"sql(
CREATE TABLE {schema}.record (
  session text NOT NULL,
  generation bigint NOT NULL,
  sequence bigint NOT NULL,
  time timestamptz NOT NULL,
  kind text NOT NULL,
  class text NOT NULL,
  message jsonb NOT NULL,
  PRIMARY KEY (session, generation, sequence, time)
) PARTITION BY RANGE (time);
CREATE TABLE {schema}.record_default PARTITION OF {schema}.record DEFAULT;
CREATE INDEX record_session_time ON {schema}.record (session, time);
CREATE VIEW {schema}.object AS
  SELECT session, generation, sequence, time,
         object->>'trackId' AS track, object->>'label' AS label,
         object->'confidence' AS confidence, object->'bbox' AS bbox, object->'zones' AS zones
  FROM {schema}.record, jsonb_path_query(message, '$.objects[*]') AS object
  WHERE kind = 'detection';
)sql",
};

/// One worker at a time changes a schema; the first number is ours, the second that of the schema.
constexpr std::string_view kLock = "SELECT pg_advisory_xact_lock(1651862635, hashtext($1))";

/// Asks the catalogue itself: to_regclass goes by what the session has remembered, and forgets
/// nothing while it waits for an advisory lock.
bool is_there(pqxx::transaction_base& transaction, const std::string& schema,
              const std::string& table) {
  return transaction
      .exec_params1(
          "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = $1 AND tablename = $2)", schema,
          table)[0]
      .as<bool>();
}

/// 0: nothing of ours is there.
std::size_t version_of(pqxx::transaction_base& transaction, const std::string& schema) {
  if (!is_there(transaction, schema, "schema_version")) return 0;
  const auto version =
      transaction
          .exec1(
              in_schema("SELECT coalesce(max(version), 0) FROM {schema}.schema_version", schema))[0]
          .as<int>();
  return static_cast<std::size_t>(version);
}

void migrate(PostgresConnection& connection, const std::string& schema) {
  pqxx::work work{connection};
  work.exec_params(std::string{kLock}, schema);
  const std::size_t version = version_of(work, schema);  // another may have been faster
  if (version == 0) {
    work.exec(in_schema("CREATE SCHEMA IF NOT EXISTS {schema}", schema));
    work.exec(
        in_schema("CREATE TABLE {schema}.schema_version ("
                  "version integer PRIMARY KEY, done timestamptz NOT NULL DEFAULT now())",
                  schema));
  }
  for (std::size_t next = version; next < kMigrations.size(); ++next) {
    work.exec(in_schema(kMigrations.at(next), schema));
    work.exec_params(in_schema("INSERT INTO {schema}.schema_version (version) VALUES ($1)", schema),
                     next + 1);
  }
  work.commit();
}

/// "20260105"
std::string compact_date(std::int64_t day) {
  const std::string text = iso8601_utc(day * 86'400 * kNsPerSecond);
  return text.substr(0, 4) + text.substr(5, 2) + text.substr(8, 2);
}

std::string partition_of(std::int64_t day) { return "record_" + compact_date(day); }

void add_partition(pqxx::transaction_base& transaction, const std::string& schema,
                   std::int64_t day) {
  if (is_there(transaction, schema, partition_of(day))) return;
  transaction.exec(in_schema("CREATE TABLE {schema}." + partition_of(day) +
                                 " PARTITION OF {schema}.record FOR VALUES FROM ('" +
                                 compact_date(day) + " UTC') TO ('" + compact_date(day + 1) +
                                 " UTC')",
                             schema));
}

/// Whether the day is one of the server's present, of which alone partitions are made.
bool is_near(pqxx::transaction_base& transaction, std::int64_t day) {
  return transaction
      .exec_params1("SELECT abs(extract(epoch FROM now()) / 86400 - $1::bigint) < 31", day)[0]
      .as<bool>();
}

}  // namespace

Result<> bring_up_to_date(PostgresConnection& connection, const std::string& schema) {
  std::size_t version = 0;
  {
    pqxx::nontransaction reading{connection};
    version = version_of(reading, schema);
  }
  if (version > kMigrations.size()) {
    return Error{ErrorCode::VersionMismatch,
                 "schema " + schema + " has version " + std::to_string(version) + ", and " +
                     std::to_string(kMigrations.size()) +
                     " is the latest that is known here; upgrade Bulkhead, or name another schema",
                 {}};
  }
  if (version < kMigrations.size()) migrate(connection, schema);
  return {};
}

void add_partitions(PostgresConnection& connection, const std::string& schema, std::int64_t day) {
  {
    pqxx::nontransaction reading{connection};
    const bool are_there = is_there(reading, schema, partition_of(day)) &&
                           is_there(reading, schema, partition_of(day + 1));
    if (are_there || !is_near(reading, day)) return;
  }
  pqxx::work work{connection};
  // It locks the whole table, and those who wait behind it would wait, too.
  work.exec("SET LOCAL lock_timeout = '1s'");
  work.exec_params(std::string{kLock}, schema);
  add_partition(work, schema, day);
  add_partition(work, schema, day + 1);
  work.commit();
}

std::string in_schema(std::string_view text, std::string_view schema) {
  constexpr std::string_view kMark = "{schema}";
  std::string result;
  for (std::size_t mark = 0; (mark = text.find(kMark)) != text.npos;) {
    result += text.substr(0, mark);
    // Quoted, for a name may be a word of SQL; a quote within is refused by SinkSpec.
    result += '"';
    result += schema;
    result += '"';
    text.remove_prefix(mark + kMark.size());
  }
  return result += text;
}

}  // namespace bulkhead::worker
