#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <variant>
#include <vector>

#include "common/record_template.hpp"
#include "common/server_spec.hpp"

namespace bulkhead {

/// Which objects and events an action is about; each list holds one that must match, an empty one
/// holds all. The field `when` of an action.
struct RecordFilter {
  std::vector<std::string> kinds{};  // "detection", or of events, "zone.enter"
  std::vector<std::string> labels{};
  double min_confidence = 0;
  std::vector<std::string> zones{};
  std::vector<std::string>
      attributes{};  // all of them: not before each has been said of the object

  bool operator==(const RecordFilter&) const = default;
};

/// Tells a channel of each object or event.
struct RedisPublishSpec : RedisServerSpec {
  RecordFilter when{};
  RecordTemplate channel{};
  std::variant<RecordTemplate, TemplateFields> message{};  // a text, or an object of JSON

  bool operator==(const RedisPublishSpec&) const = default;
};

/// Keeps the picture of each event that has one under a key, for a time.
struct RedisSaveImageSpec : RedisServerSpec {
  RecordFilter when{};
  RecordTemplate key{};
  std::uint32_t expire_seconds = 3600;
  bool has_boxes = false;     // drawn into it
  bool is_of_object = false;  // cut out of the frame

  bool operator==(const RedisSaveImageSpec&) const = default;
};

/// Writes a row of a table of the operator's for each object or event, or what is new of it into
/// the row that has the key.
struct PostgresUpsertSpec : PostgresServerSpec {
  RecordFilter when{};
  std::string table{};  // "name" or "schema.name"
  TemplateFields key{};
  TemplateFields fields{};

  bool operator==(const PostgresUpsertSpec&) const = default;
};

// An item of `sinks`, but for its name and type.
[[nodiscard]] RedisPublishSpec read_redis_publish(JsonFields& fields);
[[nodiscard]] RedisSaveImageSpec read_redis_save_image(JsonFields& fields);
[[nodiscard]] PostgresUpsertSpec read_postgres_upsert(JsonFields& fields);
[[nodiscard]] nlohmann::json place_json(const RedisPublishSpec& spec, SinkSecrets secrets);
[[nodiscard]] nlohmann::json place_json(const RedisSaveImageSpec& spec, SinkSecrets secrets);
[[nodiscard]] nlohmann::json place_json(const PostgresUpsertSpec& spec, SinkSecrets secrets);

}  // namespace bulkhead
