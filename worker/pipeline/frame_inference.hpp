#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/detection.hpp"
#include "common/result.hpp"
#include "common/session_spec.hpp"
#include "ipc/command.hpp"
#include "worker/canary/agreement.hpp"
#include "worker/cascade/cascade.hpp"
#include "worker/detect/detector.hpp"
#include "worker/frame/frame.hpp"
#include "worker/pipeline/picture_part.hpp"
#include "worker/track/track_stage.hpp"
#include "worker/zone/scene_stage.hpp"

namespace bulkhead::worker {

/// What one picture shows, and what finding it cost.
struct Inference {
  std::vector<Object> objects;
  StageTimes times;
  std::int64_t track_ns = 0;
  std::int64_t crop_ns = 0;
  Cascade::Work crops{};
  std::vector<ClassedEvent> events{};  // told before the objects
  std::int64_t detect_cpu_ns = 0;      // of this thread, for the detector alone
};

/// The pipeline of one camera: detector, tracks, the stages that look at what was found, and what
/// happens in the scene.
///
/// Created and used by the detect thread (created by another one, `load`, where it yields).
class FrameInference {
 public:
  /// Loads all models. Errors: those of Detector::create and Cascade::create.
  static Result<FrameInference> create(const SessionSpec& spec, const DetectorPlaces& places);

  /// Of successive frames, each once. Errors: those of Detector::detect and Cascade::describe.
  Result<Inference> infer(const Frame& frame);

  /// Of the objects that `infer` gave, those that the detector is sure of without a track: what a
  /// candidate, which has no tracks, is held against.
  [[nodiscard]] std::vector<NamedBox> boxes_for_canary(std::vector<Object> told) const;

  /// What became of tracks since the latest frame, while no frame comes.
  [[nodiscard]] std::vector<ClassedEvent> wait();

  /// From the next frame on. InvalidParams for a class that the model does not have; then nothing
  /// has changed.
  Result<> tune(const ipc::Reconfigure& tuning);

  /// The detector's model, with the names of all attributes and the models that find them.
  [[nodiscard]] const ModelCard& card() const noexcept { return card_; }

  /// Sentences for the log on how the detector's model was loaded.
  [[nodiscard]] const std::vector<std::string>& notes() const noexcept { return detector_.notes(); }

 private:
  FrameInference(Detector detector, Cascade cascade, const TrackStage::Settings& tracking,
                 const SceneStage::Settings& scene, const FrameRules& frames);

  Detector detector_;
  PicturePart part_;
  TrackStage tracks_;
  bool tracked_;
  Cascade cascade_;
  SceneStage scene_;
  ModelCard card_;
};

}  // namespace bulkhead::worker
