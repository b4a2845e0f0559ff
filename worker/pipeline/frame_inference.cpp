#include "worker/pipeline/frame_inference.hpp"

#include <utility>

#include "common/clock.hpp"
#include "common/thread_cpu.hpp"
#include "worker/detect/class_filter.hpp"
#include "worker/pipeline/candidate.hpp"

namespace bulkhead::worker {

namespace {

/// What the detector hands over: with boxes below the thresholds, where those can continue a track.
DetectStage lowered(DetectStage stage, bool tracks) {
  stage.min_confidence = least_confidence(tracks, stage.min_confidence);
  for (ClassThreshold& threshold : stage.per_class) {
    if (!threshold.min_confidence) continue;
    threshold.min_confidence = least_confidence(tracks, *threshold.min_confidence);
  }
  return stage;
}

/// Of labels that the detector knows: it has taken the stage.
TrackStage::Settings tracking_of(const DetectStage& stage, bool tracks,
                                 const std::vector<std::string>& labels) {
  auto classes = class_filter(stage, 1, labels);
  return {tracks, classes ? std::move(classes->min_confidence) : stage.min_confidence};
}

}  // namespace

FrameInference::FrameInference(Detector detector, Cascade cascade,
                               const TrackStage::Settings& tracking,
                               const SceneStage::Settings& scene, const FrameRules& frames)
    : detector_{std::move(detector)},
      part_{frames},
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
  const bool tracks = spec.tracks();
  auto detector = Detector::create(lowered(pipeline.detect, tracks), places);
  if (!detector) return detector.error();
  auto cascade = Cascade::create(pipeline, detector->card().labels, places);
  if (!cascade) return cascade.error();
  cascade->take_zones(spec.zones);
  auto tracking = tracking_of(pipeline.detect, tracks, detector->card().labels);
  return FrameInference{*std::move(detector), *std::move(cascade), tracking,
                        SceneStage::Settings{spec.zones, spec.track_updates}, pipeline.frames};
}

Result<Inference> FrameInference::infer(const Frame& frame) {
  const std::int64_t begin_cpu_ns = thread_cpu_ns();
  auto objects = detect_part(detector_, part_, frame);
  if (!objects) return objects.error();
  Inference inference{.objects = {},
                      .times = detector_.last_times(),
                      .track_ns = 0,
                      .crop_ns = 0,
                      .crops = {},
                      .detect_cpu_ns = thread_cpu_ns() - begin_cpu_ns};
  const std::int64_t detected_ns = monotonic_ns();
  tracks_.track(frame, *objects);
  const std::int64_t tracked_ns = monotonic_ns();
  inference.track_ns = tracked_ns - detected_ns;
  if (!cascade_.empty()) {
    if (cascade_.asks_for_zones()) scene_.mark(frame, *objects);
    const auto work = cascade_.describe(frame, tracked_, *objects);
    if (!work) return work.error();
    for (Object& object : *objects) object.zones = 0;
    inference.crops = *work;
    inference.crop_ns = monotonic_ns() - tracked_ns;
  }
  inference.events = scene_.observe(frame, tracks_, *objects);
  // Not before: each event tells one object, and has room for all that is known of it.
  limit_attributes(*objects);
  inference.objects = *std::move(objects);
  return inference;
}

std::vector<NamedBox> FrameInference::boxes_for_canary(std::vector<Object> told) const {
  std::erase_if(told, [this](const Object& object) { return !tracks_.is_sure_of(object); });
  return named_boxes(told, card_);
}

std::vector<ClassedEvent> FrameInference::wait() { return scene_.wait(monotonic_ns(), tracks_); }

Result<> FrameInference::tune(const ipc::Reconfigure& tuning) {
  DetectStage stage;
  stage.min_confidence = tuning.min_confidence;
  stage.nms_iou = tuning.nms_iou;
  stage.classes = tuning.classes;
  stage.per_class = tuning.per_class;
  if (auto tuned = detector_.tune(lowered(stage, tuning.track)); !tuned) return tuned;
  part_ = PicturePart{tuning.frames};
  tracks_.tune(tracking_of(stage, tuning.track, card_.labels));
  tracked_ = tuning.track;
  cascade_.take_zones(tuning.zones);
  scene_.tune({tuning.zones, tuning.track_updates});
  return {};
}

}  // namespace bulkhead::worker
