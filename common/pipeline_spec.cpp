#include "common/pipeline_spec.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "common/json_fields.hpp"
#include "common/limits.hpp"

namespace bulkhead {

namespace {

// Both in the order of their enum.
const std::vector<std::string_view> kEngineNames{"onnxruntime", "opencv"};
const std::vector<std::string_view> kLayoutNames{"auto", "yolox", "yolov5", "yolov8", "yolov10"};

constexpr std::int64_t kMinInputSide = 32;
constexpr std::int64_t kMaxThreads = 64;

/// The shortest decimal that reads back as the same float: 0.3, not 0.30000001192092896.
double shortest(float value) {
  std::array<char, 32> text{};
  const auto written = std::to_chars(text.data(), text.data() + text.size(), value);
  double result = value;
  std::from_chars(text.data(), written.ptr, result);
  return result;
}

void read_input(const nlohmann::json& json, const std::string& path, DetectStage& stage,
                JsonFields& parent) {
  JsonFields input{json, path};
  const std::int64_t width = input.integer("width", 0, kMinInputSide, limits::kModelInputSide);
  const std::int64_t height = input.integer("height", 0, kMinInputSide, limits::kModelInputSide);
  if ((width == 0) != (height == 0)) {
    input.fail(width == 0 ? "width" : "height", "is missing; give both width and height");
  }
  stage.input_width = static_cast<std::uint32_t>(width);
  stage.input_height = static_cast<std::uint32_t>(height);
  if (const auto done = input.finish(); !done) parent.fail(done.error());
}

Result<DetectStage> read_detect(const nlohmann::json& json, const std::string& path) {
  JsonFields fields{json, path};
  DetectStage stage;
  const std::string type = fields.required_string("type", limits::kNameChars);
  if (!type.empty() && type != "detect") {
    // First of all errors: the other fields of a stage of another type say nothing to us.
    fields.fail("type", "stage type \"" + type + "\" is not supported; use \"detect\"");
    return fields.finish().error();
  }
  stage.model = fields.required_string("model", limits::kPathBytes);
  stage.engine = static_cast<Engine>(fields.one_of("engine", kEngineNames, 0));
  stage.layout = static_cast<OutputLayout>(fields.one_of("layout", kLayoutNames, 0));
  if (const nlohmann::json* input = fields.member("input")) {
    read_input(*input, fields.path_of("input"), stage, fields);
  }
  stage.min_confidence =
      static_cast<float>(fields.number("minConfidence", shortest(stage.min_confidence), 0, 1));
  if (fields.member("nmsIou") != nullptr) {
    stage.nms_iou = static_cast<float>(fields.number("nmsIou", 0, 0, 1));
  }
  stage.classes = fields.strings("classes", limits::kLabels, limits::kLabelBytes);
  stage.labels = fields.strings("labels", limits::kLabels, limits::kLabelBytes);
  stage.intra_op_threads = static_cast<std::uint32_t>(fields.integer("threads", 1, 1, kMaxThreads));
  if (const auto done = fields.finish(); !done) return done.error();
  return stage;
}

nlohmann::json detect_json(const DetectStage& stage) {
  nlohmann::json json{
      {"type", "detect"},
      {"model", stage.model},
      {"engine", kEngineNames[static_cast<std::size_t>(stage.engine)]},
      {"layout", kLayoutNames[static_cast<std::size_t>(stage.layout)]},
      {"minConfidence", shortest(stage.min_confidence)},
      {"threads", stage.intra_op_threads},
  };
  if (stage.input_width != 0) {
    json["input"] = {{"width", stage.input_width}, {"height", stage.input_height}};
  }
  if (stage.nms_iou) json["nmsIou"] = shortest(*stage.nms_iou);
  if (!stage.classes.empty()) json["classes"] = stage.classes;
  if (!stage.labels.empty()) json["labels"] = stage.labels;
  return json;
}

/// Exactly one `detect` stage, which is what a worker can run.
void read_stages(const nlohmann::json* stages, JsonFields& fields, DetectStage& detect) {
  if (stages == nullptr || !stages->is_array() || stages->empty()) {
    fields.fail("stages", R"(has no stage; give [{"type": "detect", "model": "…"}])");
    return;
  }
  if (stages->size() > limits::kPipelineStages) {
    fields.fail("stages", "has " + std::to_string(stages->size()) + " stages; give at most " +
                              std::to_string(limits::kPipelineStages));
    return;
  }
  for (std::size_t i = 0; i < stages->size(); ++i) {
    const std::string key = "stages[" + std::to_string(i) + "]";
    auto stage = read_detect((*stages)[i], fields.path_of(key));
    if (!stage) return fields.fail(stage.error());
    if (i > 0) return fields.fail(key, "is a second detect stage; keep one");
    detect = std::move(*stage);
  }
}

}  // namespace

bool is_pipeline_name(std::string_view text) noexcept {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !text.empty() && text.size() <= limits::kNameChars && text.front() != '.' &&
         std::all_of(text.begin(), text.end(), allowed);
}

Result<PipelineSpec> PipelineSpec::from_json(const nlohmann::json& json, const std::string& path) {
  JsonFields fields{json, path};
  PipelineSpec spec;
  spec.name = fields.required_string("name", limits::kNameChars);
  if (!spec.name.empty() && !is_pipeline_name(spec.name)) {
    fields.fail("name", "\"" + spec.name + "\" is no pipeline name; " + kPipelineNameRule);
  }
  spec.max_fps = fields.number("maxFps", 0, 0, limits::kMaxFps);
  read_stages(fields.member("stages"), fields, spec.detect);
  if (const auto done = fields.finish(); !done) return done.error();
  return spec;
}

nlohmann::json PipelineSpec::to_json() const {
  return {{"name", name},
          {"maxFps", max_fps},
          {"stages", nlohmann::json::array({detect_json(detect)})}};
}

}  // namespace bulkhead
