// A second model beside the session's own, as its worker has it.

#include <spdlog/logger.h>

#include "common/canary_limits.hpp"
#include "common/clock.hpp"
#include "common/limits.hpp"
#include "common/redaction.hpp"
#include "common/rotating_log.hpp"
#include "worker/pipeline/candidate.hpp"
#include "worker/sandbox/sandbox_rules.hpp"
#include "worker/worker.hpp"

namespace bulkhead::worker {

DetectorPlaces Worker::places(std::shared_ptr<LoadedModels> loaded) const {
  return {.catalog = start_.model_catalog,
          .model_dir = start_.model_dir,
          .cache_dir = around_.cache_dir / kOptimizedModels,
          .model_cache = start_.model_cache,
          .loaded = std::move(loaded)};
}

Result<> Worker::start_canary(const ipc::StartCanary& start) {
  auto started =
      canary_.start(start.every_n, [pipeline = start.pipeline, places = places(canary_models_)] {
        return load_candidate(pipeline, places);
      });
  if (started) {
    around_.log->info("canary starts model={} every_n={}",
                      log_value(around_.redactor->redact(start.pipeline.detect.model)),
                      start.every_n);
  }
  return started;
}

void Worker::stop_canary() {
  canary_.stop();
  around_.log->info("canary stops reason=command");
}

void Worker::tell_canary() {
  // Figures come each second for as long as it lives: a supervisor that does not read must not find
  // its worker ended for them.
  auto report = canary_.due_report(monotonic_ns(), around_.publisher.takes_state());
  if (!report) return;
  if (report->phase == ipc::CanaryPhase::Failed) {
    report->text = printable_text(around_.redactor->redact(report->text), limits::kReasonBytes);
    around_.log->warn("canary failed code={} text={}", name_of(report->reason),
                      log_value(report->text));
  }
  around_.publisher.publish(ipc::PriorityClass::Control, *std::move(report));
}

DetectLoop::Told Worker::canary_offer(const FrameInference& inference) {
  return [this, &inference](const Frame& frame, const Detection& told, std::int64_t cpu_ns) {
    if (!canary_.wants_frame()) return;
    canary_.offer({frame, inference.boxes_for_canary(told.objects), cpu_ns});
  };
}

/// One that does not come back from its model may be met by no destructor.
void Worker::end_canary() {
  if (!canary_.end(limits::kCanaryEndTime)) stuck_.store(true);
}

}  // namespace bulkhead::worker
