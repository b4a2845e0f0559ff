#pragma once

#include <span>
#include <string>
#include <vector>

#include "worker/cascade/classifier.hpp"
#include "worker/cascade/crop_model.hpp"

namespace bulkhead::worker {

/// Reads the text on a crop: the model gives, for each of its slots, a share of certainty for each
/// symbol of an alphabet, one of which says that the slot is empty.
///
/// Owned by a Cascade, used by one thread at a time.
class TextReader {
 public:
  /// Errors: those of CropModel::create; ModelInvalid for an output that is no [1, slots, symbols]
  /// or has another number of symbols than the alphabet.
  static Result<TextReader> create(const ReadStage& stage, const DetectorPlaces& places);

  /// For each crop the symbols of all slots that are not empty; certain as the least certain of
  /// them. Empty, with a confidence of 0, where there is no text. Errors: those of CropModel::run.
  Result<std::vector<Finding>> read(std::span<const Frame> crops);

  [[nodiscard]] const CropModel& model() const noexcept { return model_; }

 private:
  [[nodiscard]] Finding text_of(std::span<const float> slots) const;

  TextReader(CropModel model, std::string alphabet, char blank)
      : model_{std::move(model)}, alphabet_{std::move(alphabet)}, blank_{blank} {}

  CropModel model_;
  std::string alphabet_;
  char blank_;
  bool are_shares_ = true;  // what comes out, or logits
};

}  // namespace bulkhead::worker
