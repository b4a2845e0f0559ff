#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/detection.hpp"
#include "common/result.hpp"
#include "common/stage_spec.hpp"
#include "worker/detect/detector.hpp"
#include "worker/detect/inference_backend.hpp"
#include "worker/detect/letterbox.hpp"
#include "worker/frame/frame.hpp"
#include "worker/model/model_catalog.hpp"

namespace bulkhead::worker {

/// A model that looks at a crop as a whole: the crop is stretched to its input, and it gives one
/// row of numbers. What they mean is Classifier's and TextReader's to say.
///
/// A model that leaves the number of pictures open takes a few crops in one run, unless its answers
/// for one picture depend on those beside it: one that is quantised as it runs takes the range of
/// its numbers from all of them. Which it is, is tried when it is loaded.
///
/// Owned by them, used by one thread at a time. Runs in ONNX Runtime: OpenCV loads none of the
/// usual models of this kind.
class CropModel {
 public:
  /// Locates, checks and loads the model, and runs it on a grey picture. Errors as those of
  /// Detector::create.
  static Result<CropModel> create(const CropModelSpec& spec, PixelRule usual,
                                  const DetectorPlaces& places);

  /// Crops of one run, at most: 1 or limits::kCropBatch.
  [[nodiscard]] std::size_t most_at_once() const noexcept { return most_at_once_; }

  /// The model's first output for each of 1 to `most_at_once` crops. Valid until the next run.
  /// Errors: InferenceFailed; InvalidParams for a crop without pixels; InferenceFailed where the
  /// output has another shape than at first.
  Result<std::vector<std::span<const float>>> run(std::span<const Frame> crops);

  /// The first output of the run on a grey picture: its shape is the one of all others.
  [[nodiscard]] const std::vector<std::int64_t>& shape() const noexcept { return shape_; }
  [[nodiscard]] const std::vector<float>& grey_output() const noexcept { return grey_output_; }

  [[nodiscard]] const OnnxSignature& signature() const noexcept { return signature_; }
  [[nodiscard]] const std::optional<CatalogEntry>& entry() const noexcept { return entry_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::string& sha256() const noexcept { return sha256_; }

 private:
  CropModel(std::unique_ptr<InferenceBackend> backend, Letterbox letterbox)
      : backend_{std::move(backend)}, letterbox_{std::move(letterbox)} {}

  Result<OutputView> run_planes(std::span<const float> planes, std::size_t pictures);
  [[nodiscard]] bool tells_pictures_apart();

  std::unique_ptr<InferenceBackend> backend_;
  Letterbox letterbox_;
  std::vector<float> planes_;  // of the crops of one run
  std::size_t most_at_once_ = 1;
  std::vector<std::int64_t> shape_;
  std::vector<float> grey_output_;
  OnnxSignature signature_;
  std::optional<CatalogEntry> entry_;
  std::string name_;
  std::string sha256_;
};

}  // namespace bulkhead::worker
