#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bulkhead::ipc {

/// Pictures of events lie beside the history of their session, in this folder of it: the worker
/// writes them (worker/snapshot), the supervisor reads them (supervisor/history).
inline constexpr const char* kSnapshotFolder = "snapshots";

enum class SnapshotKind : std::uint8_t {
  AsSent,     // the frame as the camera sent it
  WithBoxes,  // what was found in it drawn into it
};

/// What a picture is asked for by: when its frame was captured, in nanoseconds since 1970.
[[nodiscard]] std::string snapshot_name(std::int64_t capture_wall_ns);

/// None where `name` is not exactly what snapshot_name gives, so that it is safe in a path.
[[nodiscard]] std::optional<std::int64_t> parse_snapshot_name(std::string_view name);

/// "1767614400123456789.jpg", "1767614400123456789.boxes.jpg". While it is written, it has
/// kTornSuffix at its end.
[[nodiscard]] std::string snapshot_file_name(std::int64_t capture_wall_ns, SnapshotKind kind);

inline constexpr std::string_view kTornSuffix = ".part";

}  // namespace bulkhead::ipc
