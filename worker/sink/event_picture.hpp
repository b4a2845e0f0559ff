#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "common/detection.hpp"
#include "common/result.hpp"
#include "ipc/snapshot_file.hpp"

namespace bulkhead::worker {

/// The pictures of a session's events, which worker/snapshot writes on a thread of its own, at
/// about the time at which the event comes to its sinks.
class EventPictures {
 public:
  /// `history` is the session's folder of it.
  explicit EventPictures(const std::filesystem::path& history)
      : folder_{history / ipc::kSnapshotFolder} {}

  /// The JPEG. Waits for it until limits::kEventPictureWait after `time_ns`, by the wall clock, and
  /// for so long at most; NotFound then. Io: the disk's error. InvalidParams: no JPEG of at most
  /// limits::kSnapshotBytes is there.
  [[nodiscard]] Result<std::string> read(std::int64_t capture_wall_ns, ipc::SnapshotKind kind,
                                         std::int64_t time_ns) const;

 private:
  const std::filesystem::path folder_;
};

/// The part of a JPEG that shows `box`, as a JPEG: not decoded and encoded again, so nothing of it
/// is lost, and left and upper edge are those of the blocks (16 pixels) in which the box begins.
/// InvalidParams with libjpeg-turbo's own sentence of what is no such picture, and for a box that
/// is outside of it.
[[nodiscard]] Result<std::string> cut_out(std::string_view jpeg, const Box& box);

}  // namespace bulkhead::worker
