#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/detection.hpp"
#include "common/event_kind.hpp"
#include "common/session_context.hpp"

namespace bulkhead::ipc {

/// The names of the zones that an object's bits mean, in records that come after this one. Sent
/// before the first detection that has any, and with every change; an empty list takes all away.
struct ZonesInEffect {
  std::vector<std::string> names;  // at most limits::kZones; lines have their place, too
};

/// What happened to a track, or in a zone. Sent before the detection of its frame, so that who
/// reads that has all of its events.
struct Event {
  EventKind kind = EventKind::TrackNew;
  Direction direction = Direction::None;
  EventReason reason = EventReason::None;
  std::uint64_t frame_id = 0;
  std::int64_t capture_wall_ns = 0;  // of its frame
  std::uint32_t width = 0;           // of its frame, pixels
  std::uint32_t height = 0;
  std::string zone;  // its name; empty for a track's own
  // Where the track was last seen, with what was known of it then; of a count the label alone.
  Object object;
  std::uint32_t dwell_ms = 0;  // in the zone so far, or alive so far
  std::uint32_t count = 0;     // of ZoneCount
  // Its frame is being kept as a picture, whose name is `capture_wall_ns` (ipc/snapshot_file.hpp).
  bool has_snapshot = false;
  SessionContext context{};
};

}  // namespace bulkhead::ipc
