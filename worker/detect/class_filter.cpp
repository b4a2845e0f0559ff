#include "worker/detect/class_filter.hpp"

#include <cstddef>
#include <utility>

#include "common/limits.hpp"
#include "common/redaction.hpp"

namespace bulkhead::worker {

namespace {

using Indices = std::vector<std::size_t>;

Result<Indices> ids_of(const std::string& name, const std::vector<std::string>& labels,
                       const char* field) {
  Indices ids;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] == name) ids.push_back(i);
  }
  if (!ids.empty()) return ids;
  return Error{ErrorCode::InvalidParams,
               std::string{field} + ": the model has no class \"" +
                   printable_text(name, limits::kLabelBytes) + "\"; its " +
                   std::to_string(labels.size()) + " classes start with \"" + labels.front() + "\"",
               field};
}

}  // namespace

Result<ClassFilter> class_filter(const DetectStage& stage, float usual_iou,
                                 const std::vector<std::string>& labels) {
  const float max_iou = stage.nms_iou.value_or(usual_iou);
  ClassFilter filter{.wanted = {}, .min_confidence = stage.min_confidence, .max_iou = max_iou};
  if (!stage.classes.empty()) filter.wanted.resize(labels.size());
  for (const std::string& name : stage.classes) {
    const auto ids = ids_of(name, labels, "classes");
    if (!ids) return ids.error();
    for (const std::size_t id : *ids) filter.wanted[id] = true;
  }
  if (stage.per_class.empty()) return filter;
  std::vector<float> confidences(labels.size(), stage.min_confidence);
  std::vector<float> overlaps(labels.size(), max_iou);
  for (const ClassThreshold& threshold : stage.per_class) {
    const auto ids = ids_of(threshold.label, labels, "perClass");
    if (!ids) return ids.error();
    for (const std::size_t id : *ids) {
      confidences[id] = threshold.min_confidence.value_or(stage.min_confidence);
      overlaps[id] = threshold.nms_iou.value_or(max_iou);
    }
  }
  filter.min_confidence = {stage.min_confidence, std::move(confidences)};
  filter.max_iou = {max_iou, std::move(overlaps)};
  return filter;
}

}  // namespace bulkhead::worker
