#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "ipc/start_message.hpp"
#include "worker/frame/frame.hpp"
#include "worker/snapshot/boxed_picture.hpp"
#include "worker/snapshot/snapshot_folder.hpp"

namespace spdlog {
class logger;
}

namespace bulkhead::worker {

/// A frame that is to be kept as a picture, and what was found in it.
struct WantedSnapshot {
  Frame frame;
  std::vector<CaptionedBox> boxes;
};

struct SnapshotCounters {
  std::uint64_t written_total = 0;  // frames, both pictures of each
  std::uint64_t dropped_total = 0;  // others came while they waited
  std::uint64_t failed_total = 0;   // the disk, or the encoder
};

/// Keeps frames as JPEG, one as the camera sent it and one with its boxes, and takes away what is
/// past the bounds.
///
/// Owned by Worker; has a thread `snapshot`, which runs behind the others of the machine. `offer`
/// is called by the detect thread and never waits: limits::kSnapshotsWaiting frames wait at most,
/// for each holds a picture of the decoder; then the oldest of them is dropped and counted. A disk
/// that fails is said once and tried again with each frame; that it works again is said, too.
class SnapshotWriter {
 public:
  /// `folder` is ipc::kSnapshotFolder of the session's history.
  SnapshotWriter(const std::filesystem::path& folder, const SnapshotBounds& bounds,
                 std::shared_ptr<spdlog::logger> log);
  SnapshotWriter(const SnapshotWriter&) = delete;
  SnapshotWriter& operator=(const SnapshotWriter&) = delete;
  ~SnapshotWriter();

  void offer(WantedSnapshot wanted);

  /// Called by any thread.
  [[nodiscard]] SnapshotCounters counters() const noexcept;

  /// Takes no more, writes what waits, and comes back when that is done. A disk that does not
  /// answer holds it up.
  void stop();

 private:
  void run(const std::stop_token& stop);
  [[nodiscard]] std::optional<WantedSnapshot> next(const std::stop_token& stop,
                                                   std::chrono::milliseconds patience);
  [[nodiscard]] bool is_over(const std::stop_token& stop);
  void keep(const WantedSnapshot& wanted);
  [[nodiscard]] Result<> write(const WantedSnapshot& wanted);
  [[nodiscard]] Result<> write(const Frame& frame, ipc::SnapshotKind kind);
  void say(const Result<>& written);

  SnapshotFolder folder_;  // of the thread, as is_failing_
  const SnapshotBounds bounds_;
  const std::shared_ptr<spdlog::logger> log_;
  bool is_failing_ = false;
  std::atomic<std::uint64_t> written_total_{0};
  std::atomic<std::uint64_t> dropped_total_{0};
  std::atomic<std::uint64_t> failed_total_{0};

  std::mutex mutex_;
  std::condition_variable_any offered_;
  std::deque<WantedSnapshot> waiting_;
  bool is_closed_ = false;
  std::jthread thread_;  // last: ended and joined before what it uses goes
};

/// Of a worker that has a history on this machine's disk; null: it has none, and so no pictures.
[[nodiscard]] std::unique_ptr<SnapshotWriter> snapshot_writer_of(
    const ipc::StartMessage& start, const std::shared_ptr<spdlog::logger>& log);

}  // namespace bulkhead::worker
