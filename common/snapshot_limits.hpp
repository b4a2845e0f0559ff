#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Limits of the pictures that are kept of events: on their way to disk, there, and for who asks.
namespace bulkhead::limits {

using namespace std::chrono_literals;

// Each that waits holds a picture of the decoder, which has few.
inline constexpr std::size_t kSnapshotsWaiting = 2;
inline constexpr auto kSnapshotPause = 1s;  // between two pictures of one zone
inline constexpr int kSnapshotQuality = 85;
inline constexpr std::size_t kSnapshotNameBytes = 19;  // of a number of 63 bits
inline constexpr std::size_t kSnapshotBytes = std::size_t{2} * 1024 * 1024;  // of one JPEG
// On disk, of one session; unless the operator says otherwise. A small file takes a block, too.
inline constexpr std::uint64_t kSnapshotFolderBytes = std::uint64_t{256} * 1024 * 1024;
inline constexpr std::uint64_t kSnapshotFloorBytes = 4096;
inline constexpr std::size_t kSnapshotFrames = 100'000;
inline constexpr std::size_t kSnapshotStepFrames =
    64;  // taken away at once, then others have theirs
inline constexpr auto kSnapshotStepPause = 100ms;
inline constexpr auto kSnapshotLook = 60s;     // between two looks at what is too old
inline constexpr auto kSnapshotCount = 10min;  // between two at what there is, of other workers too
inline constexpr auto kSnapshotTorn = 60s;     // what is not whole by then never will be
inline constexpr std::size_t kSnapshotFiles = 200'000;      // looked at, of one folder
inline constexpr std::size_t kSnapshotSweepFiles = 20'000;  // taken away of one folder in one sweep

}  // namespace bulkhead::limits
