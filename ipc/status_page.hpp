#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "ipc/layout_version.hpp"
#include "ipc/priority_class.hpp"

namespace bulkhead::ipc {

/// Stages of a worker's life that must make progress, each watched with a limit of its own.
enum class Stage : std::uint32_t {
  Starting = 0,
  LoadingModel = 1,
  Connecting = 2,
  WaitingForFrame = 3,  // connected, or between frames: nothing to do is no hang
  Inferring = 4,
  Publishing = 5,
  Stopping = 6,
};

/// Counters are figures: nothing is ordered by them.
inline constexpr std::memory_order kCounterOrder = std::memory_order_relaxed;

/// Counters written by the loops that do the work, read by the supervisor at any time. Progress of
/// these numbers is the only liveness there is. Each group has one writing thread; all but
/// `stage` are accessed with kCounterOrder. The reader treats every value as
/// untrusted: it may show it or compare it with an earlier one, never use it as a size or index.
struct alignas(kCacheLineBytes) StatusPage {
  // What the source counted; copied here by the control thread, every limits::kControlTick.
  alignas(kCacheLineBytes) std::atomic<std::uint64_t> frames_received_total;
  std::atomic<std::uint64_t> frames_decoded_total;
  std::atomic<std::uint64_t> frames_dropped_total;  // by the frame ring: detector too slow
  std::atomic<std::uint64_t> reconnects_total;
  std::atomic<std::int64_t> last_frame_ns;  // monotonic
  std::atomic<std::uint32_t> source_width;  // of the latest frame; by the detect thread
  std::atomic<std::uint32_t> source_height;

  // Detect thread. Stored with release after `stage_since_ns`: who reads a stage with acquire sees
  // a time that is not older than it.
  alignas(kCacheLineBytes) std::atomic<std::uint32_t> stage;  // Stage
  std::atomic<std::uint32_t> reserved;
  std::atomic<std::int64_t> stage_since_ns;  // monotonic
  std::atomic<std::uint64_t> frames_inferred_total;
  std::atomic<std::uint64_t> objects_total;
  std::atomic<std::uint64_t> letterbox_ns_total;
  std::atomic<std::uint64_t> infer_ns_total;
  std::atomic<std::uint64_t> decode_ns_total;
  std::atomic<std::uint64_t> track_ns_total;
  std::atomic<std::uint64_t> crop_ns_total;        // of the stages that look at objects
  std::atomic<std::uint64_t> crops_total;          // objects they looked at
  std::atomic<std::uint64_t> crops_skipped_total;  // for which a frame had no time left
  std::atomic<std::uint64_t> publish_ns_total;
  std::atomic<std::uint64_t> frames_skipped_total;  // by maxFps or everyN
  std::atomic<std::uint64_t> frames_rested_total;   // for nothing moved in them

  // The publisher, by whichever thread holds its lock. All classes together, then by class.
  std::atomic<std::uint64_t> results_published_total;
  std::array<std::atomic<std::uint64_t>, kPriorityClasses> results_dropped_total;
  std::atomic<std::uint64_t> result_pauses_total;  // of BULK, for the rings were nearly full

  // What the sinks say of themselves, copied by the control thread, every limits::kControlTick.
  alignas(kCacheLineBytes) std::atomic<std::uint64_t> sink_durable_sequence;  // on disk up to it
  std::atomic<std::uint64_t> sink_written_total;  // acknowledged, by all sinks
  std::atomic<std::uint64_t> sink_retries_total;
  std::atomic<std::uint64_t> sink_dead_letters_total;
  std::atomic<std::uint64_t> sink_gaps_total;       // told to them of what they will not get
  std::atomic<std::uint64_t> sink_backlog_records;  // of the one that is farthest behind
  std::atomic<std::uint32_t> sinks_failing;
  std::atomic<std::uint32_t> sink_reserved;

  // Control thread.
  alignas(kCacheLineBytes) std::atomic<std::uint64_t> control_ticks_total;
  std::atomic<std::uint64_t> log_lines_lost_total;
  std::atomic<std::uint64_t> commands_total;
  std::atomic<std::uint64_t> commands_expired_total;
  // What the writer of pictures says of itself: frames that were to be kept.
  std::atomic<std::uint64_t> snapshots_written_total;
  std::atomic<std::uint64_t> snapshots_dropped_total;  // others waited already
  std::atomic<std::uint64_t> snapshots_failed_total;   // by the disk, or the encoder
};

/// Results hold no lock: every field is a plain word.
static_assert(std::atomic<std::int64_t>::is_always_lock_free);
static_assert(sizeof(StatusPage) % kCacheLineBytes == 0);

}  // namespace bulkhead::ipc
