#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "common/ids.hpp"
#include "common/result.hpp"
#include "ipc/snapshot_file.hpp"

namespace bulkhead::supervisor {

/// A picture of an event, and who asks for it.
struct SnapshotQuery {
  SubscriptionId session;
  std::int64_t capture_wall_ns = 0;
  ipc::SnapshotKind kind = ipc::SnapshotKind::AsSent;
  std::string reader = {};  // nobody waits behind one who asks much
};

/// The JPEG's bytes. A worker owns the folder and may be under somebody else's command: no link of
/// it is followed, nothing but a regular file is read, limits::kSnapshotBytes at most, and it must
/// begin as a JPEG does; what comes after that is for its viewer to trust or not. Blocks on disk.
///
/// NotFound: there is no such picture (any more). Corrupt: what is there is none. Io.
[[nodiscard]] Result<std::string> read_snapshot(const std::filesystem::path& history_dir,
                                                const SnapshotQuery& query);

/// Takes away files of the folder that have been there for longer than `before_ns` of the wall
/// clock, whatever they are named, limits::kSnapshotSweepFiles at most. `session_folder` is a
/// worker's: no link in it is followed. The number of files that are gone.
std::size_t sweep_snapshots(const std::filesystem::path& session_folder, std::int64_t before_ns);

}  // namespace bulkhead::supervisor
