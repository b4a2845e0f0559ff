#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "common/result.hpp"
#include "common/snapshot_limits.hpp"
#include "ipc/snapshot_file.hpp"

namespace bulkhead::worker {

/// How much of the past is kept; whichever is met first.
struct SnapshotBounds {
  std::int64_t max_age_ns = 0;  // by the wall clock, from a frame's capture
  std::uint64_t max_bytes = 0;  // a file counts limits::kSnapshotFloorBytes at least
  std::size_t max_frames = limits::kSnapshotFrames;
};

/// The folder of one session's pictures. Another worker may write into it at the same time: names
/// are of moments, a file appears whole or not at all, and one that is gone already is no error.
/// Files that are none of ours stay and do not count.
///
/// Keeps in mind which frames have pictures (a number and a size of each), so that what is too much
/// is found without looking at the disk. Blocks on disk; used by one thread.
class SnapshotFolder {
 public:
  explicit SnapshotFolder(std::filesystem::path path) : path_{std::move(path)} {}

  /// Looks at what there is, which other workers have written, too, and removes what one that died
  /// has left half written (limits::kSnapshotTorn). A folder that does not exist is empty.
  void count(std::int64_t now_wall_ns);

  /// Makes the folder where there is none; the picture is its owner's alone. Io: the disk's error;
  /// then there is nothing of it.
  Result<> write(std::int64_t capture_wall_ns, ipc::SnapshotKind kind,
                 std::span<const std::byte> jpeg);

  /// Takes away the oldest frames past the bounds, limits::kSnapshotStepFrames at most. True: none
  /// is past them any more.
  bool retain(const SnapshotBounds& bounds, std::int64_t now_wall_ns);

  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  void add(std::int64_t capture_wall_ns, std::uint64_t file_bytes);
  Result<> write_part(const std::string& part, std::span<const std::byte> jpeg) const;

  const std::filesystem::path path_;
  std::map<std::int64_t, std::uint64_t> frames_;  // bytes of both files, by capture
  std::uint64_t bytes_ = 0;
};

}  // namespace bulkhead::worker
