#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/detection.hpp"
#include "common/limits.hpp"
#include "common/pipeline_spec.hpp"
#include "common/result.hpp"
#include "worker/detect/inference_backend.hpp"
#include "worker/frame/frame.hpp"

namespace bulkhead::worker {

/// Where a detector finds its model.
struct DetectorPlaces {
  std::filesystem::path catalog;        // config/models.json
  std::filesystem::path model_dir;      // fetched models; relative model paths start here
  std::filesystem::path cache_dir;      // optimised models, created on demand; empty: none are kept
  std::filesystem::path model_cache{};  // models that came by URL
  std::shared_ptr<LoadedModels> loaded{};  // the worker's; null: each stage loads its own
};

/// Which boxes are looked at. The defaults are for cameras; a measurement of precision wants
/// every box down to a confidence of 0.001, and each class of it.
struct BoxLimits {
  std::size_t candidates = limits::kCandidatesPerFrame;  // the best ones that enter the NMS
  std::size_t objects = limits::kObjectsPerFrame;        // the best ones that come out of it
  bool every_class = false;  // one place may carry several labels; else its best one alone
};

/// What one `detect` cost, in microseconds.
struct StageTimes {
  std::uint32_t letterbox_us = 0;
  std::uint32_t infer_us = 0;
  std::uint32_t decode_us = 0;  // with the NMS
};

/// From a picture to objects: letterbox, engine, decoding, NMS.
///
/// Owned and used by the detect thread alone, one per process: it sets OpenCV's number of threads
/// for the whole process. Buffers are kept from frame to frame. At its limits it keeps the boxes of
/// highest confidence.
class Detector {
 public:
  /// Locates, checks and loads the model, and runs it once on an empty picture: a model that
  /// loads but cannot run is found here, not at the first frame. Takes as long as limits::
  /// kModelLoadTime allows at the worst. Errors: NotFound, ModelInvalid, InferenceFailed,
  /// InvalidParams, Io; permanent ones say what was found and what can be done.
  static Result<Detector> create(const DetectStage& stage, const DetectorPlaces& places,
                                 const BoxLimits& box_limits = {});

  Detector(Detector&&) noexcept;
  Detector& operator=(Detector&&) noexcept;
  ~Detector();

  /// Objects in pixels of the frame, clipped to it, by falling confidence. The frame may change
  /// size and format from call to call. Errors: InferenceFailed; InvalidParams for a frame that
  /// is empty or larger than limits::kFrameSide.
  Result<std::vector<Object>> detect(const Frame& frame);

  /// Other thresholds and classes of `stage` from the next `detect` on; the rest of it is not
  /// looked at. InvalidParams for a class that the model does not have; then nothing changes.
  Result<> tune(const DetectStage& stage);

  /// Of the last successful `detect`.
  [[nodiscard]] const StageTimes& last_times() const noexcept;

  [[nodiscard]] const ModelCard& card() const noexcept;

  /// Sentences for the log on how the model was loaded.
  [[nodiscard]] const std::vector<std::string>& notes() const noexcept;

 private:
  struct Parts;
  explicit Detector(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace bulkhead::worker
