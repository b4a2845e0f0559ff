#include "worker/pipeline/frame_inference.hpp"

#include <utility>

#include "common/clock.hpp"

namespace bulkhead::worker {

FrameInference::FrameInference(Detector detector, Cascade cascade,
                               const TrackStage::Settings& tracking,
                               const SceneStage::Settings& scene)
    : detector_{std::move(detector)},
      tracks_{tracking},
      tracked_{tracking.on},
      cascade_{std::move(cascade)},
      scene_{scene, detector_.card().labels},
      card_{detector_.card()} {
  card_.attributes = cascade_.cards();
}

Result<FrameInference> FrameInference::create(const SessionSpec& spec,
                                              const DetectorPlaces& places) {
  const PipelineSpec& pipeline = *spec.pipeline;
  const TrackStage::Settings tracking{spec.tracks(), pipeline.detect.min_confidence};
  DetectStage stage = pipeline.detect;
  stage.min_confidence = least_confidence(tracking);
  auto detector = Detector::create(stage, places);
  if (!detector) return detector.error();
  auto cascade = Cascade::create(pipeline, detector->card().labels, places);
  if (!cascade) return cascade.error();
  return FrameInference{*std::move(detector), *std::move(cascade), tracking,
                        SceneStage::Settings{spec.zones, spec.track_updates}};
}

Result<Inference> FrameInference::infer(const Frame& frame) {
  auto objects = detector_.detect(frame);
  if (!objects) return objects.error();
  Inference inference{
      .objects = {}, .times = detector_.last_times(), .track_ns = 0, .crop_ns = 0, .crops = {}};
  const std::int64_t detected_ns = monotonic_ns();
  tracks_.track(frame, *objects);
  const std::int64_t tracked_ns = monotonic_ns();
  inference.track_ns = tracked_ns - detected_ns;
  if (!cascade_.empty()) {
    const auto work = cascade_.describe(frame, tracked_, *objects);
    if (!work) return work.error();
    inference.crops = *work;
    inference.crop_ns = monotonic_ns() - tracked_ns;
  }
  inference.events = scene_.observe(frame, tracks_, *objects);
  inference.objects = *std::move(objects);
  return inference;
}

std::vector<ClassedEvent> FrameInference::wait() { return scene_.wait(monotonic_ns(), tracks_); }

Result<> FrameInference::tune(const ipc::Reconfigure& tuning) {
  const TrackStage::Settings wanted{tuning.track, tuning.min_confidence};
  if (auto tuned = detector_.tune(least_confidence(wanted), tuning.nms_iou, tuning.classes);
      !tuned) {
    return tuned;
  }
  tracks_.tune(wanted);
  tracked_ = wanted.on;
  scene_.tune({tuning.zones, tuning.track_updates});
  return {};
}

}  // namespace bulkhead::worker
