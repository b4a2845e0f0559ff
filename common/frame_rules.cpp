#include "common/frame_rules.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "common/json_fields.hpp"
#include "common/limits.hpp"
#include "common/picture_points.hpp"
#include "common/shortest_decimal.hpp"
#include "common/stage_limits.hpp"

namespace bulkhead {

namespace {

float part(JsonFields& fields, std::string_view key, float fallback) {
  return static_cast<float>(fields.number(key, fallback, 0, 1));
}

std::optional<Region> read_region(JsonFields& parent) {
  const nlohmann::json* given = parent.member("region");
  if (given == nullptr) return std::nullopt;
  JsonFields fields{*given, parent.path_of("region")};
  const Region region{.x_min = part(fields, "xMin", 0),
                      .y_min = part(fields, "yMin", 0),
                      .x_max = part(fields, "xMax", 1),
                      .y_max = part(fields, "yMax", 1)};
  const auto check = [&](std::string_view key, float from, float to) {
    constexpr double kRounding = 1e-6;  // 0.06 less 0.05 is a little less than a hundredth
    if (double{to} - double{from} >= limits::kLeastRegionSide - kRounding) return;
    fields.fail(key, "leaves less than a hundredth of the picture; give more than " +
                         std::string{key.substr(0, 1)} + "Min, which is " +
                         nlohmann::json(shortest_decimal(from)).dump());
  };
  check("xMax", region.x_min, region.x_max);
  check("yMax", region.y_min, region.y_max);
  if (auto done = fields.finish(); !done) parent.fail(done.error());
  return region;
}

std::vector<std::vector<Point>> read_masks(JsonFields& fields) {
  std::vector<std::vector<Point>> masks;
  const nlohmann::json* given = fields.member("masks");
  if (given == nullptr) return masks;
  if (!given->is_array() || given->size() > limits::kMasks) {
    fields.fail("masks", "must be a list of at most " + std::to_string(limits::kMasks) +
                             " polygons, each a list of points [x, y]");
    return masks;
  }
  for (std::size_t i = 0; i < given->size(); ++i) {
    const std::string place = "masks[" + std::to_string(i) + ']';
    auto mask = read_points((*given)[i], fields.path_of(place), kLeastCorners, limits::kMaskPoints);
    if (!mask) {
      fields.fail(mask.error());
      return masks;
    }
    if (const auto fault = fault_of_polygon(*mask)) fields.fail(place, *fault);
    masks.push_back(*std::move(mask));
  }
  return masks;
}

std::optional<MotionRule> read_motion(JsonFields& parent) {
  const nlohmann::json* given = parent.member("motion");
  if (given == nullptr) return std::nullopt;
  JsonFields fields{*given, parent.path_of("motion")};
  MotionRule motion;
  motion.min_area = static_cast<float>(
      fields.number("minArea", shortest_decimal(motion.min_area), limits::kLeastMotionArea, 1));
  motion.floor_fps =
      fields.number("floorFps", motion.floor_fps, limits::kLeastFloorFps, limits::kMaxFps);
  if (auto done = fields.finish(); !done) parent.fail(done.error());
  return motion;
}

}  // namespace

FrameRules read_frame_rules(JsonFields& fields) {
  FrameRules rules;
  rules.every_n = static_cast<std::uint32_t>(fields.integer("everyN", 1, 1, limits::kEveryN));
  rules.motion = read_motion(fields);
  rules.region = read_region(fields);
  rules.masks = read_masks(fields);
  return rules;
}

void write_frame_rules(const FrameRules& rules, nlohmann::json& into) {
  if (rules.every_n != 1) into["everyN"] = rules.every_n;
  if (rules.motion) {
    into["motion"] = {{"minArea", shortest_decimal(rules.motion->min_area)},
                      {"floorFps", rules.motion->floor_fps}};
  }
  if (rules.region) {
    into["region"] = {{"xMin", shortest_decimal(rules.region->x_min)},
                      {"yMin", shortest_decimal(rules.region->y_min)},
                      {"xMax", shortest_decimal(rules.region->x_max)},
                      {"yMax", shortest_decimal(rules.region->y_max)}};
  }
  if (rules.masks.empty()) return;
  nlohmann::json& masks = into["masks"] = nlohmann::json::array();
  for (const auto& mask : rules.masks) masks.push_back(points_json(mask));
}

}  // namespace bulkhead
