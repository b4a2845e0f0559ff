#include "supervisor/session/progress_watchdog.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "common/limits.hpp"

namespace bulkhead::supervisor {

using ipc::Stage;
using std::chrono::duration_cast;
using std::chrono::nanoseconds;

namespace {

std::string_view describe(const WorkerProgress& seen) {
  if (!seen.greeted) return "between its start and its first word";
  constexpr std::array<std::string_view, 7> kStages{
      "in starting",  "in loading the model", "in connecting", "in waiting for a frame",
      "in inferring", "in publishing",        "in stopping"};
  return kStages[static_cast<std::size_t>(seen.stage)];
}

bool stage_moved(const WorkerProgress& a, const WorkerProgress& b) {
  return a.greeted != b.greeted || a.stage != b.stage || a.stage_since_ns != b.stage_since_ns ||
         a.frames_inferred_total != b.frames_inferred_total ||
         a.results_published_total != b.results_published_total;
}

std::string in_seconds(std::int64_t ns) {
  const auto tenths = ns / 100'000'000;
  return std::to_string(tenths / 10) + '.' + std::to_string(tenths % 10) + " s";
}

}  // namespace

ProgressWatchdog::Verdict ProgressWatchdog::observe(std::int64_t now_ns,
                                                    const WorkerProgress& seen) {
  const std::int64_t longest_step = 2 * nanoseconds{limits_.tick}.count();
  const std::int64_t step =
      last_ ? std::clamp<std::int64_t>(now_ns - last_ns_, 0, longest_step) : 0;
  const auto silence = [step](bool moved, std::int64_t& total_ns) {
    total_ns = moved ? 0 : total_ns + step;
  };
  silence(!last_ || stage_moved(*last_, seen), stage_silence_ns_);
  silence(!last_ || last_->control_ticks_total != seen.control_ticks_total, control_silence_ns_);
  silence(!last_ || last_->frames_decoded_total != seen.frames_decoded_total || !seen.has_camera,
          frames_silence_ns_);
  last_ = seen;
  last_ns_ = now_ns;
  return {.hung = find_hang(seen),
          .frames_missing = frames_silence_ns_ >= nanoseconds{limits_.stale}.count()};
}

std::optional<std::string> ProgressWatchdog::find_hang(const WorkerProgress& seen) const {
  if (const auto limit = stage_limit(seen);
      limit && stage_silence_ns_ >= nanoseconds{*limit}.count()) {
    return "no progress " + std::string{describe(seen)} + " for " + in_seconds(stage_silence_ns_);
  }
  // Before its first tick the control loop may not run yet; the stage's limit covers that time.
  if (seen.control_ticks_total != 0 &&
      control_silence_ns_ >= nanoseconds{limits_.control_silence}.count()) {
    return "the control loop stands still for " + in_seconds(control_silence_ns_);
  }
  if (frames_silence_ns_ >= nanoseconds{limits_.source_silence}.count()) {
    return "no frame, and no word of a lost camera, for " + in_seconds(frames_silence_ns_);
  }
  return std::nullopt;
}

std::optional<Millis> ProgressWatchdog::stage_limit(const WorkerProgress& seen) const {
  if (!seen.greeted) return limits_.hello;
  switch (seen.stage) {
    case Stage::Starting:
      return limits_.starting;
    case Stage::LoadingModel:
      return limits_.model_load;
    case Stage::Connecting:
    case Stage::WaitingForFrame:
      return std::nullopt;  // cameras may be away for years
    case Stage::Inferring:
      return inference_limit(seen);
    case Stage::Publishing:
      return limits_.progress - 2 * limits_.tick;
    case Stage::Stopping:
      return limits_.stopping;
  }
  return std::nullopt;
}

Millis ProgressWatchdog::inference_limit(const WorkerProgress& seen) const {
  if (seen.frames_inferred_total == 0) return limits_.first_inference;
  // The figures are the worker's own: whatever they say, the limit stays within fixed bounds.
  const auto mean = nanoseconds{static_cast<std::int64_t>(std::min<std::uint64_t>(
      seen.infer_ns_total / seen.frames_inferred_total,
      static_cast<std::uint64_t>(nanoseconds{limits::kLongestInference}.count())))};
  // Two ticks sooner, so that a hang is noticed within `progress` wherever it falls between two
  // observations.
  const Millis usual = limits_.progress - 2 * limits_.tick;
  const Millis slow = duration_cast<Millis>(mean * limits::kSlowInferenceFactor);
  return std::clamp<Millis>(slow, usual, limits::kLongestInference);
}

}  // namespace bulkhead::supervisor
