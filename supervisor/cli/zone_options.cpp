#include "supervisor/cli/zone_options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "common/json_fields.hpp"
#include "common/limits.hpp"
#include "common/text_file.hpp"

namespace bulkhead::cli {

namespace {

using nlohmann::json;

std::optional<double> number_in(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<json> point_json(std::string_view text) {
  const std::size_t comma = std::min(text.find(','), text.size());
  const auto x = number_in(text.substr(0, comma));
  const auto y = comma < text.size() ? number_in(text.substr(comma + 1)) : std::nullopt;
  if (!x || !y) return std::nullopt;
  return json::array({*x, *y});
}

Outcome<json> zones_of_file(const std::string& file) {
  const auto text = read_text_file(file, limits::kJsonBytes);
  if (!text) return Failure{Exit::Refused, "--zones: " + text.error().message};
  auto zones = parse_json(*text, JsonComments::Allowed);
  if (!zones) return Failure{Exit::Refused, "--zones " + file + ": " + zones.error().message};
  return {boost::system::in_place_value, std::move(*zones)};
}

}  // namespace

void declare_zones(CLI::App& verb, ZoneOptions& options) {
  auto* file = verb.add_option("--zones", options.file,
                               "File with a JSON list of zones, which takes the place of all");
  verb.add_option("--zone", options.zones,
                  "A zone, e.g. \"entry=0.1,0.5;0.4,0.5;0.4,1;0.1,1\" in parts of the picture; two "
                  "points are a line; may be repeated, and takes the place of all")
      ->excludes(file);
  verb.add_flag("--no-zones", options.none, "No zones any more")->excludes(file);
  verb.add_flag("--track-updates,!--no-track-updates", options.track_updates,
                "An event a second while a track goes on");
}

Outcome<json> zone_json(const std::string& text) {
  const std::size_t equals = text.find('=');
  const Failure failure{Exit::Refused,
                        "--zone " + text + ": give NAME=x,y;x,y with numbers from 0 to 1"};
  if (equals == text.npos || equals == 0) return failure;
  json points = json::array();
  std::string_view rest = std::string_view{text}.substr(equals + 1);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(';'), rest.size());
    auto point = point_json(rest.substr(0, end));
    if (!point) return failure;
    points.push_back(std::move(*point));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  const char* shape = points.size() == 2 ? "line" : "polygon";
  return {boost::system::in_place_value,
          json{{"name", text.substr(0, equals)}, {shape, std::move(points)}}};
}

Outcome<> put_zones(const ZoneOptions& options, json& params) {
  if (options.none) params["zones"] = json::array();
  if (!options.file.empty()) {
    auto zones = zones_of_file(options.file);
    if (!zones) return zones.error();
    params["zones"] = std::move(*zones);
  }
  for (const std::string& text : options.zones) {
    auto zone = zone_json(text);
    if (!zone) return zone.error();
    params["zones"].push_back(std::move(*zone));
  }
  if (options.track_updates) params["trackUpdates"] = *options.track_updates;
  return boost::system::in_place_value;
}

}  // namespace bulkhead::cli
