#pragma once

#include <bitset>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "common/event_kind.hpp"
#include "common/plane_geometry.hpp"
#include "common/result.hpp"

namespace bulkhead {

/// The point of a box that decides where the thing is.
enum class ZoneAnchor {
  Bottom,  // the middle of its lower side: where it stands on the ground
  Center,
};

/// One zone of a camera's picture, or one line through it, as `session.subscribe` takes it:
///
///   {"name": "entry", "polygon": [[0.1, 0.2], …]}      3 to limits::kZonePoints corners
///   {"name": "gate", "line": [[0.5, 0.1], [0.5, 0.9]]}
///
/// A value: names are unique in their list, polygons do not cross themselves, lines have a length.
struct ZoneSpec {
  static constexpr double kDefaultDebounceSeconds = 0.3;

  std::string name;
  bool is_line = false;
  std::vector<Point> points;                          // of a line: where its arrow begins and ends
  std::vector<std::string> classes;                   // labels that count; empty: all
  float min_confidence = 0;                           // of who comes; who is in stays in with less
  double dwell_seconds = 0;                           // after which a stay is told; 0: never
  double debounce_seconds = kDefaultDebounceSeconds;  // a change that lasts shorter is none
  ZoneAnchor anchor = ZoneAnchor::Bottom;
  std::bitset<kEventKinds> critical;  // kinds of its events that are of class CRITICAL
  bool snapshot = false;              // keep a picture of frames in which something happens in it

  bool operator==(const ZoneSpec&) const = default;

  /// Whether a track is in it or not is the same question for both.
  [[nodiscard]] bool has_same_shape(const ZoneSpec& other) const;
};

/// `path` prefixes the field that an error names, e.g. "params.zones"; of the first fault.
[[nodiscard]] Result<std::vector<ZoneSpec>> read_zones(const nlohmann::json& list,
                                                       const std::string& path);
[[nodiscard]] nlohmann::json to_json(const std::vector<ZoneSpec>& zones);

}  // namespace bulkhead
