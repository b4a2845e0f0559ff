#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/class_threshold.hpp"
#include "common/frame_rules.hpp"
#include "common/result.hpp"

namespace bulkhead {

enum class Engine { OnnxRuntime, OpenCv };

/// How a detector's output tensor is laid out; `Auto` asks the model's shapes and metadata.
enum class OutputLayout {
  Auto,
  YoloX,            // 1×N×(5+C), raw grid: centres and sizes still relative to stride cells
  YoloV5,           // 1×N×(5+C), decoded, with objectness (YOLOv5, YOLOv7)
  YoloV8,           // 1×(4+C)×N, decoded, no objectness (YOLOv8, YOLO11)
  EndToEnd6,        // 1×N×6: x1 y1 x2 y2 score class, NMS inside (YOLOv10)
  YoloV5Landmarks,  // 1×N×(5+8+C): four points of each object before its classes (HyperLPR)
};

/// A `detect` stage. Absent values are chosen from the model's family.
struct DetectStage {
  std::string model;  // a name of config/models.json, a path of an .onnx file, or a ModelUrl
  Engine engine = Engine::OnnxRuntime;
  OutputLayout layout = OutputLayout::Auto;
  std::uint32_t input_width = 0;  // pixels; 0: the model's own, or 416 where it is dynamic
  std::uint32_t input_height = 0;
  float min_confidence = 0.30F;
  std::optional<float> nms_iou;           // default by family: 0.65 YOLOX, 0.70 others
  std::vector<std::string> classes;       // labels kept; empty: all
  std::vector<ClassThreshold> per_class;  // by label
  std::vector<std::string> labels;  // overrides the model's own; empty: from model or catalogue
  std::uint32_t intra_op_threads = 1;

  bool operator==(const DetectStage&) const = default;
};

/// What a model wants to find in its input tensor.
enum class PixelRule {
  Bgr255,       // blue first, 0 to 255: YOLOX
  Rgb1,         // red first, 0 to 1: Ultralytics
  RgbImagenet,  // red first, less ImageNet's mean, over its deviation: torchvision
  Bgr1,         // blue first, 0 to 1
  Rgb255,       // red first, 0 to 255: models that take bytes
};

/// Names as pipeline files and the catalogue of models write them, in the order of their enum.
inline const std::vector<std::string_view> kLayoutNames{"auto",   "yolox",   "yolov5",
                                                        "yolov8", "yolov10", "yolov5_landmarks"};
inline const std::vector<std::string_view> kPixelRuleNames{"bgr_255", "rgb_1", "rgb_imagenet",
                                                           "bgr_1", "rgb_255"};

/// "yolox", "yolov8" and so on; also what a model card says of its family.
[[nodiscard]] inline std::string_view name_of(OutputLayout layout) noexcept {
  return kLayoutNames[static_cast<std::size_t>(layout)];
}

/// How a classifier's output becomes a share of certainty for each class.
enum class Activation {
  Auto,     // the output is taken as it is where it adds up to 1 on an empty picture, else Softmax
  Softmax,  // one class excludes the others
  Sigmoid,  // each class by itself; the best is told
};

/// A model on crops.
struct CropModelSpec {
  std::string model;                // as DetectStage::model
  std::optional<PixelRule> pixels;  // absent: the catalogue's, or what such models usually want
  std::uint32_t intra_op_threads = 1;

  bool operator==(const CropModelSpec&) const = default;
};

/// One label for a crop.
struct ClassifyStage {
  CropModelSpec on;
  Activation activation = Activation::Auto;
  float min_confidence = 0.30F;      // below it nothing is told
  std::vector<std::string> classes;  // of the model's labels, between which it decides; empty: all
  std::vector<std::string> labels;   // overrides the model's own; empty: the catalogue's

  bool operator==(const ClassifyStage&) const = default;
};

/// Text that stands on a crop, by a model that gives one symbol for each of its slots.
struct ReadStage {
  CropModelSpec on;
  float min_confidence = 0.50F;  // of the least certain symbol
  std::string alphabet;          // a symbol for each class of a slot; empty: the catalogue's
  char blank = '_';              // of them, the one that says that a slot is empty

  bool operator==(const ReadStage&) const = default;
};

/// Which objects of the parent a stage looks at, and how they are cut out.
struct CropRule {
  std::vector<std::string> classes;  // empty: all
  std::vector<std::string> zones;  // of the session, in one of which the object stands; empty: all
  float min_confidence = 0;
  std::uint32_t min_side = 16;  // pixels, of the shorter side; smaller ones show nothing
  float padding = 0;            // added on each side, as a part of the side

  bool operator==(const CropRule&) const = default;
};

/// How often a tracked object is looked at: until so many results are in, which then vote for as
/// long as the track lives. Objects without a track are looked at in every frame.
struct VoteRule {
  std::uint32_t votes = 5;
  std::uint32_t every_n = 1;  // frames between two looks

  bool operator==(const VoteRule&) const = default;
};

/// One stage below the root: what it finds is an attribute of the root's object. A detector within
/// objects (a plate within a car) gives its best box, for further stages to look at.
struct CropStage {
  std::string attribute;  // its name in results; unique in a pipeline
  std::optional<std::size_t>
      parent;  // the detect stage among the crops before it; absent: the root
  CropRule of;
  VoteRule votes;
  std::variant<ClassifyStage, ReadStage, DetectStage> work;

  bool operator==(const CropStage&) const = default;
};

/// The model that the stage runs.
[[nodiscard]] const std::string& model_of(const CropStage& stage) noexcept;

[[nodiscard]] std::uint32_t threads_of(const CropStage& stage) noexcept;

/// Reads `stages`: one `detect` at the root and, in the `stages` of each detect stage, those that
/// look at what it found. The root also says which frames are looked at. Fields at fault are named
/// by their path. Depth: limits::kStageDepth.
Result<> read_stages(const nlohmann::json& stages, const std::string& path, DetectStage& root,
                     FrameRules& frames, std::vector<CropStage>& crops);

/// The same tree as `read_stages` reads it.
[[nodiscard]] nlohmann::json stages_json(const DetectStage& root, const FrameRules& frames,
                                         const std::vector<CropStage>& crops);

}  // namespace bulkhead
