#include "common/zone_spec.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/json_fields.hpp"
#include "common/limits.hpp"
#include "common/picture_points.hpp"
#include "common/shortest_decimal.hpp"

namespace bulkhead {

namespace {

constexpr std::size_t kEventNameBytes = 16;

// In the order of the enum.
const std::vector<std::string_view> kAnchorNames{"bottom", "center"};

std::vector<Point> points_of(JsonFields& fields, std::string_view key, std::size_t least,
                             std::size_t most) {
  const nlohmann::json* list = fields.member(key);
  if (list == nullptr) return {};
  auto points = read_points(*list, fields.path_of(key), least, most);
  if (points) return *std::move(points);
  fields.fail(points.error());
  return {};
}

void check_shape(JsonFields& fields, const ZoneSpec& zone) {
  if (fields.failed()) return;
  if (zone.is_line) {
    if (zone.points.front() == zone.points.back()) {
      fields.fail("line", "has no length; give two points that differ");
    }
    return;
  }
  if (const auto fault = fault_of_polygon(zone.points)) fields.fail("polygon", *fault);
}

void read_shape(JsonFields& fields, ZoneSpec& zone) {
  zone.is_line = fields.member("line") != nullptr;
  const bool is_polygon = fields.member("polygon") != nullptr;
  if (zone.is_line == is_polygon) {
    return fields.fail("", zone.is_line ? "has a polygon and a line; keep one"
                                        : "has neither polygon nor line; give one");
  }
  zone.points = zone.is_line ? points_of(fields, "line", 2, 2)
                             : points_of(fields, "polygon", kLeastCorners, limits::kZonePoints);
  check_shape(fields, zone);
}

std::bitset<kEventKinds> kinds_of(bool is_line) {
  std::bitset<kEventKinds> kinds;
  for (std::size_t i = 0; i < kEventKinds; ++i) {
    const auto kind = static_cast<EventKind>(i);
    kinds[i] = is_of_zone(kind) && (kind == EventKind::LineCross) == is_line;
  }
  return kinds;
}

/// true: all its events; or a list of their kinds.
std::bitset<kEventKinds> read_critical(JsonFields& fields, bool is_line) {
  const nlohmann::json* given = fields.member("critical");
  if (given == nullptr) return {};
  if (given->is_boolean()) {
    return given->get<bool>() ? kinds_of(is_line) : std::bitset<kEventKinds>{};
  }
  if (!given->is_array()) {
    fields.fail("critical", R"(must be true, false or a list such as ["zone.enter"])");
    return {};
  }
  std::bitset<kEventKinds> critical;
  for (const std::string& name : fields.strings("critical", kEventKinds, kEventNameBytes)) {
    const auto kind = event_kind_of(name);
    if (!kind || !kinds_of(is_line).test(static_cast<std::size_t>(*kind))) {
      fields.fail("critical", is_line ? R"(a line has events of the kind "line.cross")"
                                      : R"(a zone has events of the kinds "zone.enter", )"
                                        R"("zone.leave", "zone.dwell" and "zone.count")");
      return {};
    }
    critical.set(static_cast<std::size_t>(*kind));
  }
  return critical;
}

Result<ZoneSpec> read_zone(const nlohmann::json& given, const std::string& path) {
  JsonFields fields{given, path};
  ZoneSpec zone;
  zone.name = fields.required_string("name", limits::kLabelBytes);
  read_shape(fields, zone);
  zone.classes = fields.strings("classes", limits::kZoneClasses, limits::kLabelBytes);
  zone.min_confidence = static_cast<float>(fields.number("minConfidence", 0, 0, 1));
  zone.dwell_seconds = fields.number("dwellSeconds", 0, 0, limits::kZoneDwellSeconds);
  if (zone.is_line && zone.dwell_seconds > 0) {
    fields.fail("dwellSeconds", "belongs to a polygon; nobody stays on a line");
  }
  zone.debounce_seconds = fields.number("debounceSeconds", ZoneSpec::kDefaultDebounceSeconds, 0,
                                        limits::kZoneDebounceSeconds);
  zone.anchor = static_cast<ZoneAnchor>(fields.one_of("anchor", kAnchorNames, 0));
  zone.critical = read_critical(fields, zone.is_line);
  zone.snapshot = fields.boolean("snapshot", false);
  if (const auto done = fields.finish(); !done) return done.error();
  return zone;
}

nlohmann::json critical_json(const ZoneSpec& zone) {
  if (zone.critical == kinds_of(zone.is_line)) return true;
  nlohmann::json kinds = nlohmann::json::array();
  for (std::size_t i = 0; i < kEventKinds; ++i) {
    if (zone.critical[i]) kinds.push_back(name_of(static_cast<EventKind>(i)));
  }
  return kinds;
}

nlohmann::json zone_json(const ZoneSpec& zone) {
  nlohmann::json written{{"name", zone.name},
                         {zone.is_line ? "line" : "polygon", points_json(zone.points)},
                         {"debounceSeconds", zone.debounce_seconds},
                         {"anchor", kAnchorNames[static_cast<std::size_t>(zone.anchor)]}};
  if (!zone.classes.empty()) written["classes"] = zone.classes;
  if (zone.min_confidence > 0) written["minConfidence"] = shortest_decimal(zone.min_confidence);
  if (zone.dwell_seconds > 0) written["dwellSeconds"] = zone.dwell_seconds;
  if (zone.critical.any()) written["critical"] = critical_json(zone);
  if (zone.snapshot) written["snapshot"] = true;
  return written;
}

}  // namespace

bool ZoneSpec::has_same_shape(const ZoneSpec& other) const {
  return name == other.name && is_line == other.is_line && points == other.points &&
         classes == other.classes && min_confidence == other.min_confidence &&
         anchor == other.anchor;
}

Result<std::vector<ZoneSpec>> read_zones(const nlohmann::json& list, const std::string& path) {
  if (!list.is_array() || list.size() > limits::kZones) {
    return Error{ErrorCode::InvalidParams,
                 path + ": must be a list of at most " + std::to_string(limits::kZones) + " zones",
                 path};
  }
  std::vector<ZoneSpec> zones;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string at = path + '[' + std::to_string(i) + ']';
    auto zone = read_zone(list[i], at);
    if (!zone) return zone.error();
    if (std::ranges::find(zones, zone->name, &ZoneSpec::name) != zones.end()) {
      return Error{ErrorCode::InvalidParams,
                   at + ".name: is that of a zone before; give each its own", at + ".name"};
    }
    zones.push_back(std::move(*zone));
  }
  // As it is written into a command: the longest names in the longest way of writing them.
  constexpr bool kAscii = true;
  if (to_json(zones).dump(-1, ' ', kAscii).size() > limits::kZonesJsonBytes) {
    return Error{ErrorCode::InvalidParams,
                 path + ": takes more than " + std::to_string(limits::kZonesJsonBytes) +
                     " bytes as JSON; give fewer corners or shorter names",
                 path};
  }
  return zones;
}

nlohmann::json to_json(const std::vector<ZoneSpec>& zones) {
  nlohmann::json list = nlohmann::json::array();
  for (const ZoneSpec& zone : zones) list.push_back(zone_json(zone));
  return list;
}

}  // namespace bulkhead
