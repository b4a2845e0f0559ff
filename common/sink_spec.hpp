#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "common/action_spec.hpp"
#include "common/result.hpp"
#include "common/server_spec.hpp"
#include "common/sink_limits.hpp"
#include "common/snapshot_limits.hpp"

namespace bulkhead {

/// A file of this machine, one for each session, below the state directory.
struct SqliteSinkSpec {
  std::uint32_t retention_days = 7;
  std::uint32_t max_mb = 1024;  // the oldest results go first
  std::uint32_t snapshots_max_mb = limits::kSnapshotFolderBytes >> 20U;  // likewise of pictures

  bool operator==(const SqliteSinkSpec&) const = default;
};

/// A stream for each session. In names `{session}` stands for the session's identifier.
struct RedisSinkSpec : RedisServerSpec {
  std::string stream = "bulkhead:{session}";
  std::uint64_t max_length = 100'000;  // records kept of one stream, about; the oldest go first
  std::string publish{};               // channel that is told each message, too; empty: none
  std::string latest_key{};            // holds the latest detection; empty: none
  std::uint32_t latest_seconds = 60;   // and is gone so long after it

  bool operator==(const RedisSinkSpec&) const = default;
};

/// A table for all sessions.
struct PostgresSinkSpec : PostgresServerSpec {
  std::string schema = "bulkhead";  // made by the first worker; holds all that is ours

  bool operator==(const PostgresSinkSpec&) const = default;
};

/// One place where every session's results are kept, or one action that each of them causes, as an
/// operator configures it: an item of the list `sinks`. Compared by value and sent to workers over
/// their private socket. Holds a password; the JSON of `to_json(Secrets::Hidden)` never does, that
/// of `Secrets::Kept` reads back as equal.
struct SinkSpec {
  using Secrets = SinkSecrets;
  using Place = std::variant<SqliteSinkSpec, RedisSinkSpec, PostgresSinkSpec, RedisPublishSpec,
                             RedisSaveImageSpec, PostgresUpsertSpec>;

  std::string name;  // [a-z0-9_-], limits::kSinkNameBytes at most
  Place place;

  /// `path` prefixes the field named by an error, e.g. "sinks[0]".
  static Result<SinkSpec> from_json(const nlohmann::json& json, const std::string& path);
  [[nodiscard]] nlohmann::json to_json(Secrets secrets) const;

  bool operator==(const SinkSpec&) const = default;
};

/// A list of them: limits::kSinks at most, each with a name of its own.
[[nodiscard]] Result<std::vector<SinkSpec>> read_sinks(const nlohmann::json& json,
                                                       const std::string& path);

/// Where an operator configures none.
[[nodiscard]] std::vector<SinkSpec> default_sinks();

/// Takes relative paths from `base`.
void resolve_files(SinkSpec& spec, const std::filesystem::path& base);

/// The same spec with the content of its `password_file` as its password, for the worker, which may
/// not read that file. Called at each start of a worker, so that a changed one counts. Blocks on
/// disk. The errors of read_text_file; InvalidParams where the file is empty or no line of text.
[[nodiscard]] Result<SinkSpec> with_password(SinkSpec spec);

/// Of a server; empty where it has none.
[[nodiscard]] std::string password_of(const SinkSpec& spec);

/// The type as configured: "sqlite", "redis", "postgres", or the name of an action.
[[nodiscard]] std::string_view type_of(const SinkSpec& spec) noexcept;

/// The server of a sink that has one of this kind (RedisServerSpec, PostgresServerSpec), as const
/// as `spec` is; else nullptr.
template <class Server, class Spec>
[[nodiscard]] auto* server_of(Spec& spec) noexcept {
  using Found = std::conditional_t<std::is_const_v<Spec>, const Server, Server>;
  return std::visit(
      [](auto& place) -> Found* {
        if constexpr (std::is_base_of_v<Server, std::decay_t<decltype(place)>>) return &place;
        return nullptr;
      },
      spec.place);
}

/// `name` with the session's identifier for each `{session}`.
[[nodiscard]] std::string for_session(std::string_view name, std::string_view session);

}  // namespace bulkhead
