#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <vector>

#include "common/plane_geometry.hpp"

namespace bulkhead {

class JsonFields;

/// A rectangle of a picture in parts of its width and height, as `bboxNorm` of a detection.
struct Region {
  float x_min = 0;
  float y_min = 0;
  float x_max = 1;
  float y_max = 1;

  bool operator==(const Region&) const = default;
};

/// Where nothing moves, frames are not inferred but at the floor rate.
struct MotionRule {
  float min_area = 0.002F;  // of the picture that moves, before it is motion
  double floor_fps = 1;     // frames inferred per second all the same

  bool operator==(const MotionRule&) const = default;
};

/// Which frames of a camera the root detector looks at, and at which part of them. Members of its
/// stage in a pipeline's file:
///
///   "everyN": 2
///   "motion": {"minArea": 0.002, "floorFps": 1}
///   "region": {"xMin": 0.2, "yMin": 0.3, "xMax": 0.8, "yMax": 1}
///   "masks":  [[[0, 0], [1, 0], [1, 0.2]], …]     at most limits::kMasks polygons
///
/// All of it changes while a worker goes on.
struct FrameRules {
  std::uint32_t every_n = 1;  // numbers of two frames that are inferred differ by so much, or more
  std::optional<MotionRule> motion;       // absent: all frames are alike
  std::optional<Region> region;           // cut out before scaling; absent: the whole picture
  std::vector<std::vector<Point>> masks;  // who stands in one is nobody

  bool operator==(const FrameRules&) const = default;
};

[[nodiscard]] FrameRules read_frame_rules(JsonFields& fields);

/// Writes those that differ from the default into the object of the stage.
void write_frame_rules(const FrameRules& rules, nlohmann::json& into);

}  // namespace bulkhead
