#include "ipc/snapshot_file.hpp"

#include <charconv>

namespace bulkhead::ipc {

std::string snapshot_name(std::int64_t capture_wall_ns) { return std::to_string(capture_wall_ns); }

std::optional<std::int64_t> parse_snapshot_name(std::string_view name) {
  std::int64_t captured_ns = 0;
  const char* const end = name.data() + name.size();
  const auto [rest, bad] = std::from_chars(name.data(), end, captured_ns);
  // Written again, for zeros in front of it would make a second name of it.
  if (bad != std::errc{} || rest != end || captured_ns < 0 || snapshot_name(captured_ns) != name) {
    return std::nullopt;
  }
  return captured_ns;
}

std::string snapshot_file_name(std::int64_t capture_wall_ns, SnapshotKind kind) {
  return snapshot_name(capture_wall_ns) + (kind == SnapshotKind::WithBoxes ? ".boxes.jpg" : ".jpg");
}

}  // namespace bulkhead::ipc
