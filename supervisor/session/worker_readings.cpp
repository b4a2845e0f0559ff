#include "supervisor/session/worker_readings.hpp"

#include <algorithm>
#include <atomic>

#include "common/clock.hpp"

namespace bulkhead::supervisor {

namespace {

template <class T>
T read(const std::atomic<T>& field) noexcept {
  return field.load(ipc::kCounterOrder);
}

}  // namespace

std::optional<ipc::Stage> read_stage(const ipc::StatusPage& page) noexcept {
  const auto number = read(page.stage);
  if (number > static_cast<std::uint32_t>(ipc::Stage::Stopping)) return std::nullopt;
  return static_cast<ipc::Stage>(number);
}

WorkerProgress read_progress(const ipc::StatusPage& page, ipc::Stage stage) noexcept {
  return {.stage = stage,
          .stage_since_ns = read(page.stage_since_ns),
          .frames_decoded_total = read(page.frames_decoded_total),
          .frames_inferred_total = read(page.frames_inferred_total),
          .frames_rested_total = read(page.frames_rested_total),
          .results_published_total = read(page.results_published_total),
          .infer_ns_total = read(page.infer_ns_total),
          .control_ticks_total = read(page.control_ticks_total)};
}

void read_counters(const ipc::StatusPage& page, std::int64_t now_ns, SessionCounters& counters) {
  counters.frames_received_total = read(page.frames_received_total);
  counters.frames_decoded_total = read(page.frames_decoded_total);
  counters.frames_dropped_total = read(page.frames_dropped_total);
  counters.frames_skipped_total = read(page.frames_skipped_total);
  counters.frames_rested_total = read(page.frames_rested_total);
  counters.frames_inferred_total = read(page.frames_inferred_total);
  counters.objects_total = read(page.objects_total);
  counters.reconnects_total = read(page.reconnects_total);
  std::ranges::transform(page.results_dropped_total, counters.results_dropped_total.begin(),
                         [](const auto& field) { return read(field); });
  counters.result_pauses_total = read(page.result_pauses_total);
  counters.commands_expired_total = read(page.commands_expired_total);
  counters.letterbox_ns_total = read(page.letterbox_ns_total);
  counters.infer_ns_total = read(page.infer_ns_total);
  counters.decode_ns_total = read(page.decode_ns_total);
  counters.track_ns_total = read(page.track_ns_total);
  counters.crop_ns_total = read(page.crop_ns_total);
  counters.crops_total = read(page.crops_total);
  counters.crops_skipped_total = read(page.crops_skipped_total);
  counters.publish_ns_total = read(page.publish_ns_total);
  counters.sink_durable_sequence = read(page.sink_durable_sequence);
  counters.sink_written_total = read(page.sink_written_total);
  counters.sink_retries_total = read(page.sink_retries_total);
  counters.sink_dead_letters_total = read(page.sink_dead_letters_total);
  counters.sink_gaps_total = read(page.sink_gaps_total);
  counters.sink_backlog_records = read(page.sink_backlog_records);
  counters.sinks_failing = read(page.sinks_failing);
  counters.snapshots_written_total = read(page.snapshots_written_total);
  counters.snapshots_dropped_total = read(page.snapshots_dropped_total);
  counters.snapshots_failed_total = read(page.snapshots_failed_total);
  counters.source_width = read(page.source_width);
  counters.source_height = read(page.source_height);
  const std::int64_t last_frame_ns = read(page.last_frame_ns);
  counters.last_frame_age_ms =
      last_frame_ns <= 0 ? -1 : std::max<std::int64_t>(0, now_ns - last_frame_ns) / kNsPerMs;
}

}  // namespace bulkhead::supervisor
