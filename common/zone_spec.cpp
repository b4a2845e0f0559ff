#include "common/zone_spec.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/json_fields.hpp"
#include "common/limits.hpp"
#include "common/shortest_decimal.hpp"

namespace bulkhead {

namespace {

constexpr std::size_t kLeastCorners = 3;
constexpr std::size_t kEventNameBytes = 16;

// In the order of the enum.
const std::vector<std::string_view> kAnchorNames{"bottom", "center"};

bool is_coordinate(const nlohmann::json& value) {
  return value.is_number() && value.get<double>() >= 0 && value.get<double>() <= 1;
}

std::vector<Point> read_points(JsonFields& fields, std::string_view key, std::size_t least,
                               std::size_t most) {
  const nlohmann::json* list = fields.member(key);
  if (list == nullptr) return {};
  const std::string wanted =
      least == most ? std::to_string(least) : std::to_string(least) + " to " + std::to_string(most);
  if (!list->is_array() || list->size() < least || list->size() > most) {
    fields.fail(key, "must be a list of " + wanted + " points [x, y]");
    return {};
  }
  std::vector<Point> points;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const nlohmann::json& point = (*list)[i];
    const bool is_point =
        point.is_array() && point.size() == 2 && is_coordinate(point[0]) && is_coordinate(point[1]);
    if (!is_point) {
      fields.fail(std::string{key} + '[' + std::to_string(i) + ']',
                  "is no point of the picture; give [x, y], each from 0 to 1: parts of its width "
                  "and height");
      return {};
    }
    points.push_back({point[0].get<float>(), point[1].get<float>()});
  }
  return points;
}

void check_shape(JsonFields& fields, const ZoneSpec& zone) {
  if (fields.failed()) return;
  if (zone.is_line) {
    if (zone.points.front() == zone.points.back()) {
      fields.fail("line", "has no length; give two points that differ");
    }
    return;
  }
  for (std::size_t i = 0; i < zone.points.size(); ++i) {
    if (zone.points[i] == zone.points[(i + 1) % zone.points.size()]) {
      return fields.fail("polygon",
                         "names a corner twice in a row; leave one out (the last corner "
                         "is joined to the first by itself)");
    }
  }
  if (!is_simple(zone.points)) {
    fields.fail("polygon", "crosses or touches itself; give its corners in order around the zone");
  }
}

void read_shape(JsonFields& fields, ZoneSpec& zone) {
  zone.is_line = fields.member("line") != nullptr;
  const bool is_polygon = fields.member("polygon") != nullptr;
  if (zone.is_line == is_polygon) {
    return fields.fail("", zone.is_line ? "has a polygon and a line; keep one"
                                        : "has neither polygon nor line; give one");
  }
  zone.points = zone.is_line ? read_points(fields, "line", 2, 2)
                             : read_points(fields, "polygon", kLeastCorners, limits::kZonePoints);
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
  nlohmann::json points = nlohmann::json::array();
  for (const Point& point : zone.points) {
    points.push_back({shortest_decimal(point.x), shortest_decimal(point.y)});
  }
  nlohmann::json written{{"name", zone.name},
                         {zone.is_line ? "line" : "polygon", std::move(points)},
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
