#include "ipc/wire_event.hpp"

#include "ipc/wire_context.hpp"

namespace bulkhead::ipc {

void write_zones_in_effect(WireWriter& writer, const ZonesInEffect& zones) {
  writer.count(zones.names.size(), limits::kZones);
  for (const std::string& name : zones.names) writer.text(name, limits::kLabelBytes);
}

ZonesInEffect read_zones_in_effect(WireReader& reader) {
  ZonesInEffect zones;
  const std::size_t count = reader.count("zones", limits::kZones, sizeof(std::uint32_t));
  zones.names.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    zones.names.push_back(reader.text("zones", limits::kLabelBytes));
    if (zones.names.back().empty()) reader.fail("zones", "has an empty name");
  }
  return zones;
}

void write_event(WireWriter& writer, const Event& event) {
  writer.u8(static_cast<std::uint8_t>(event.kind));
  writer.u8(static_cast<std::uint8_t>(event.direction));
  writer.u8(static_cast<std::uint8_t>(event.reason));
  writer.u64(event.frame_id);
  writer.i64(event.capture_wall_ns);
  writer.u32(event.width);
  writer.u32(event.height);
  writer.text(event.zone, limits::kLabelBytes);
  write_object(writer, event.object);
  writer.u32(event.dwell_ms);
  writer.u32(event.count);
  writer.u8(event.has_snapshot ? 1 : 0);
  write_context(writer, event.context);
}

Event read_event(WireReader& reader) {
  Event event;
  event.kind = reader.enumeration("kind of event", EventKind{kEventKinds - 1});
  event.direction = reader.enumeration("direction", Direction::Backward);
  event.reason = reader.enumeration("reason", EventReason::ZoneChanged);
  event.frame_id = reader.u64("frame_id");
  event.capture_wall_ns = reader.time_ns("capture_wall_ns");
  event.width = reader.u32_between("width", 1, limits::kFrameSide);
  event.height = reader.u32_between("height", 1, limits::kFrameSide);
  event.zone = reader.text("zone", limits::kLabelBytes);
  event.object = read_object(reader);
  event.dwell_ms = reader.u32("dwell_ms");
  event.count = reader.u32("count");
  event.has_snapshot = reader.flag("has_snapshot");
  event.context = read_context(reader);
  if (event.zone.empty() == is_of_zone(event.kind)) {
    reader.fail("zone", "is named where there is none, or not where there is one");
  }
  const bool crosses = event.kind == EventKind::LineCross;
  if (crosses != (event.direction != Direction::None)) {
    reader.fail("direction", "is not that of such an event");
  }
  if (event.count > limits::kTracks) reader.fail("count", "is past its limit");
  return event;
}

}  // namespace bulkhead::ipc
