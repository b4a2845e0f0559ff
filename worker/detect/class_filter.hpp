#pragma once

#include <string>
#include <vector>

#include "common/class_threshold.hpp"
#include "common/result.hpp"
#include "common/stage_spec.hpp"

namespace bulkhead::worker {

/// What a `detect` stage asks of each class, by the label ids of its model.
struct ClassFilter {
  std::vector<bool> wanted;  // empty: all
  LabelThreshold min_confidence;
  LabelThreshold max_iou;
};

/// `usual_iou` where neither the stage nor the class names one. InvalidParams, of `classes` or
/// `perClass`, for a class that `labels` do not have; one that they have twice is both.
[[nodiscard]] Result<ClassFilter> class_filter(const DetectStage& stage, float usual_iou,
                                               const std::vector<std::string>& labels);

}  // namespace bulkhead::worker
