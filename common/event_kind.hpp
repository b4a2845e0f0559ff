#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace bulkhead {

/// What happened to a track, by itself or with regard to a zone.
enum class EventKind : std::uint8_t {
  ZoneEnter = 0,
  ZoneLeave = 1,
  ZoneDwell = 2,  // it has stayed as long as the zone asks for; once a stay
  ZoneCount = 3,  // so many of one class are in the zone now
  LineCross = 4,
  TrackNew = 5,  // it is believed
  TrackUpdate = 6,
  TrackLost = 7,  // it is waited for
  TrackEnd = 8,
};
inline constexpr std::size_t kEventKinds = 9;

[[nodiscard]] std::string_view name_of(EventKind kind) noexcept;  // "zone.enter"
[[nodiscard]] std::optional<EventKind> event_kind_of(std::string_view name) noexcept;

/// Of a zone or a line, not of a track alone.
[[nodiscard]] constexpr bool is_of_zone(EventKind kind) noexcept {
  return kind <= EventKind::LineCross;
}

/// Over a line from `from` to `to`, as one sees it on the screen.
enum class Direction : std::uint8_t {
  None = 0,
  Forward = 1,   // from the left of the arrow to its right
  Backward = 2,  // from its right to its left
};

/// Why somebody who was in a zone is so no more, or why a track ended.
enum class EventReason : std::uint8_t {
  None = 0,         // by moving
  TrackEnded = 1,   // it was lost for too long, or its camera was
  ZoneChanged = 2,  // the zone is another one now, or is no more
};

[[nodiscard]] std::string_view name_of(Direction direction) noexcept;  // "forward"
[[nodiscard]] std::string_view name_of(EventReason reason) noexcept;   // "track_ended"

}  // namespace bulkhead
