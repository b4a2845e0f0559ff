#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"

namespace bulkhead {

enum class Engine { OnnxRuntime, OpenCv };

/// How a detector's output tensor is laid out; `Auto` asks the model's shapes and metadata.
enum class OutputLayout {
  Auto,
  YoloX,      // 1×N×(5+C), raw grid: centres and sizes still relative to stride cells
  YoloV5,     // 1×N×(5+C), decoded, with objectness (YOLOv5, YOLOv7)
  YoloV8,     // 1×(4+C)×N, decoded, no objectness (YOLOv8, YOLO11)
  EndToEnd6,  // 1×N×6: x1 y1 x2 y2 score class, NMS inside (YOLOv10)
};

/// One `detect` stage. Absent values are chosen from the model's family.
struct DetectStage {
  std::string model;  // a name of config/models.json or a path of an .onnx file
  Engine engine = Engine::OnnxRuntime;
  OutputLayout layout = OutputLayout::Auto;
  std::uint32_t input_width = 0;  // pixels; 0: the model's own, or 416 where it is dynamic
  std::uint32_t input_height = 0;
  float min_confidence = 0.30F;
  std::optional<float> nms_iou;      // default by family: 0.65 YOLOX, 0.70 others
  std::vector<std::string> classes;  // labels kept; empty: all
  std::vector<std::string> labels;   // overrides the model's own; empty: from model or catalogue
  std::uint32_t intra_op_threads = 1;

  bool operator==(const DetectStage&) const = default;
};

/// What a worker does with each frame. Issue of one format for three senders: a file of
/// config/pipelines/, an inline object in `session.subscribe`, and the worker's start message.
struct PipelineSpec {
  std::string name;
  double max_fps = 0;  // frames inferred per second at most; 0: as the camera delivers
  DetectStage detect;

  /// `path` prefixes the field named by an error, e.g. "params.pipeline".
  static Result<PipelineSpec> from_json(const nlohmann::json& json, const std::string& path);
  [[nodiscard]] nlohmann::json to_json() const;

  bool operator==(const PipelineSpec&) const = default;
};

/// Pipeline names become file names: 1 to limits::kNameChars of [A-Za-z0-9._-], no dot first.
[[nodiscard]] bool is_pipeline_name(std::string_view text) noexcept;

/// The same as a remedy, for errors.
inline constexpr const char* kPipelineNameRule =
    "use letters, digits and . _ - only, and no dot first";

}  // namespace bulkhead
