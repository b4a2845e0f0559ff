#pragma once

#include <span>
#include <string>
#include <vector>

#include "worker/cascade/crop_model.hpp"

namespace bulkhead::worker {

/// What a stage found on one crop.
struct Finding {
  std::string text;
  float confidence = 0;
};

/// Gives a crop one label.
///
/// Owned by a Cascade, used by one thread at a time.
class Classifier {
 public:
  /// Errors: those of CropModel::create; ModelInvalid for an output that is no [1, classes] or has
  /// another number of classes than there are labels; InvalidParams for a class that the model does
  /// not have.
  static Result<Classifier> create(const ClassifyStage& stage, const DetectorPlaces& places);

  /// For each crop the best of the wanted classes and its share among them; also where that is
  /// below the stage's minimum. Errors: those of CropModel::run.
  Result<std::vector<Finding>> classify(std::span<const Frame> crops);

  [[nodiscard]] const CropModel& model() const noexcept { return model_; }

 private:
  Classifier(CropModel model, Activation activation)
      : model_{std::move(model)}, activation_{activation} {}

  CropModel model_;
  Activation activation_;
  std::vector<std::string> labels_;
  std::vector<std::size_t> wanted_;  // indices of labels_, at least one
};

/// Whether the numbers add up to 1 already, or are still to be made shares.
[[nodiscard]] bool are_shares(std::span<const float> values);

/// Shares of certainty of the numbers at `wanted`, in its order. Of Softmax and Auto they add up to
/// 1; numbers that are none count as 0. Auto: `values` are shares already.
[[nodiscard]] std::vector<float> shares_of(std::span<const float> values,
                                           const std::vector<std::size_t>& wanted,
                                           Activation activation);

}  // namespace bulkhead::worker
