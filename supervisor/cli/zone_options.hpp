#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/cli/outcome.hpp"

namespace CLI {
class App;
}

namespace bulkhead::cli {

/// Zones of a camera's picture as typed; empty: not said.
struct ZoneOptions {
  std::string file;                // a JSON list, as `session.subscribe` takes it
  std::vector<std::string> zones;  // "name=x,y;x,y…": two points are a line
  bool none = false;
  std::optional<bool> track_updates;
};

void declare_zones(CLI::App& verb, ZoneOptions& options);

/// What was said of it, as parameters of `session.subscribe`.
[[nodiscard]] Outcome<> put_zones(const ZoneOptions& options, nlohmann::json& params);

/// "gate=0.5,0.1;0.5,0.9" as `session.subscribe` takes it.
[[nodiscard]] Outcome<nlohmann::json> zone_json(const std::string& text);

}  // namespace bulkhead::cli
