#include "common/event_kind.hpp"

#include <algorithm>
#include <array>

namespace bulkhead {

namespace {

// In the order of the enum.
constexpr std::array<std::string_view, kEventKinds> kKindNames{
    "zone.enter", "zone.leave",   "zone.dwell", "zone.count", "line.cross",
    "track.new",  "track.update", "track.lost", "track.end"};
constexpr std::array<std::string_view, 3> kDirectionNames{"", "forward", "backward"};
constexpr std::array<std::string_view, 3> kReasonNames{"", "track_ended", "zone_changed"};

}  // namespace

std::string_view name_of(EventKind kind) noexcept {
  return kKindNames[static_cast<std::size_t>(kind)];
}

std::optional<EventKind> event_kind_of(std::string_view name) noexcept {
  const auto* const known = std::ranges::find(kKindNames, name);
  if (known == kKindNames.end()) return std::nullopt;
  return static_cast<EventKind>(known - kKindNames.begin());
}

std::string_view name_of(Direction direction) noexcept {
  return kDirectionNames[static_cast<std::size_t>(direction)];
}

std::string_view name_of(EventReason reason) noexcept {
  return kReasonNames[static_cast<std::size_t>(reason)];
}

}  // namespace bulkhead
