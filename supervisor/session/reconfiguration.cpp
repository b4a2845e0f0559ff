#include "supervisor/session/reconfiguration.hpp"

#include <algorithm>

#include "common/limits.hpp"
#include "common/redaction.hpp"

namespace bulkhead::supervisor {

std::string_view name_of(Reconfiguration how) noexcept {
  switch (how) {
    case Reconfiguration::Hot:
      return "hot";
    case Reconfiguration::Overlap:
      return "overlap";
    case Reconfiguration::Replace:
      return "replace";
  }
  return "replace";
}

Reconfiguration reconfiguration(const SessionSpec& from, const SessionSpec& to) {
  // What is left after taking away the harmless differences decides, so that a member that is added
  // one day counts as harmful until somebody says otherwise.
  SessionSpec rest = to;
  rest.log_level = from.log_level;
  rest.lifetime = from.lifetime;
  rest.availability = from.availability;
  rest.schedule = from.schedule;
  rest.priority = from.priority;
  rest.max_rtsp_connections = from.max_rtsp_connections;
  rest.zones = from.zones;
  rest.track_updates = from.track_updates;
  rest.pipeline_name = from.pipeline_name;  // it has been resolved
  if (rest.pipeline && from.pipeline) {
    rest.pipeline->max_fps = from.pipeline->max_fps;
    rest.pipeline->track = from.pipeline->track;
    rest.pipeline->detect.min_confidence = from.pipeline->detect.min_confidence;
    rest.pipeline->detect.nms_iou = from.pipeline->detect.nms_iou;
    rest.pipeline->detect.classes = from.pipeline->detect.classes;
    rest.pipeline->detect.per_class = from.pipeline->detect.per_class;
    rest.pipeline->frames = from.pipeline->frames;
  }
  if (rest == from) return Reconfiguration::Hot;
  rest.pipeline = from.pipeline;
  return rest == from ? Reconfiguration::Overlap : Reconfiguration::Replace;
}

ipc::Reconfigure tuning_of(const SessionSpec& spec) {
  const PipelineSpec& pipeline = *spec.pipeline;
  return {.min_confidence = pipeline.detect.min_confidence,
          .nms_iou = pipeline.detect.nms_iou,
          .classes = pipeline.detect.classes,
          .max_fps = static_cast<float>(pipeline.max_fps),
          .track = spec.tracks(),
          .zones = spec.zones,
          .track_updates = spec.track_updates,
          .per_class = pipeline.detect.per_class,
          .frames = pipeline.frames};
}

Result<> check_classes(const SessionSpec& spec, const ModelCard& card) {
  const auto check = [&](const std::vector<std::string>& classes,
                         const std::string& field) -> Result<> {
    for (const std::string& name : classes) {
      if (std::ranges::find(card.labels, name) != card.labels.end()) continue;
      return Error{ErrorCode::InvalidParams,
                   field + ": the model " + card.name + " has no class \"" +
                       printable_text(name, limits::kLabelBytes) +
                       "\"; session.get lists its labels",
                   field};
    }
    return {};
  };
  const DetectStage& detect = spec.pipeline->detect;
  if (auto known = check(detect.classes, "params.classes"); !known) return known;
  for (const ClassThreshold& threshold : detect.per_class) {
    if (auto known = check({threshold.label}, "params.perClass"); !known) return known;
  }
  for (std::size_t i = 0; i < spec.zones.size(); ++i) {
    const std::string field = "params.zones[" + std::to_string(i) + "].classes";
    if (auto known = check(spec.zones[i].classes, field); !known) return known;
  }
  return {};
}

}  // namespace bulkhead::supervisor
