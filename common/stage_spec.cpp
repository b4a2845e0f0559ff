#include "common/stage_spec.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/json_fields.hpp"
#include "common/limits.hpp"
#include "common/model_url.hpp"
#include "common/shortest_decimal.hpp"
#include "common/stage_limits.hpp"

namespace bulkhead {

namespace {

// In the order of their enum.
const std::vector<std::string_view> kEngineNames{"onnxruntime", "opencv"};
const std::vector<std::string_view> kActivationNames{"auto", "softmax", "sigmoid"};
const std::vector<std::string_view> kCropTypes{"classify", "read", "detect"};

constexpr std::int64_t kMinInputSide = 32;
constexpr std::int64_t kMaxThreads = 64;
constexpr std::int64_t kMaxVotes = 1000;

float share(JsonFields& fields, std::string_view key, float fallback) {
  return static_cast<float>(fields.number(key, shortest_decimal(fallback), 0, 1));
}

std::uint32_t count(JsonFields& fields, std::string_view key, std::int64_t fallback,
                    std::int64_t max) {
  return static_cast<std::uint32_t>(fields.integer(key, fallback, 1, max));
}

std::vector<std::string> labels(JsonFields& fields, std::string_view key) {
  return fields.strings(key, limits::kLabels, limits::kLabelBytes);
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

DetectStage read_detect(JsonFields& fields) {
  DetectStage stage;
  stage.model = read_model(fields);
  stage.engine = static_cast<Engine>(fields.one_of("engine", kEngineNames, 0));
  stage.layout = static_cast<OutputLayout>(fields.one_of("layout", kLayoutNames, 0));
  if (const nlohmann::json* input = fields.member("input")) {
    read_input(*input, fields.path_of("input"), stage, fields);
  }
  stage.min_confidence = share(fields, "minConfidence", stage.min_confidence);
  if (fields.member("nmsIou") != nullptr) stage.nms_iou = share(fields, "nmsIou", 0);
  stage.classes = labels(fields, "classes");
  stage.per_class = read_class_thresholds(fields, "perClass");
  stage.labels = labels(fields, "labels");
  stage.intra_op_threads = count(fields, "threads", 1, kMaxThreads);
  return stage;
}

CropModelSpec read_crop_model(JsonFields& fields) {
  CropModelSpec on;
  on.model = read_model(fields);
  if (fields.member("pixels") != nullptr) {
    on.pixels = static_cast<PixelRule>(fields.one_of("pixels", kPixelRuleNames, 0));
  }
  on.intra_op_threads = count(fields, "threads", 1, kMaxThreads);
  return on;
}

ClassifyStage read_classify(JsonFields& fields) {
  ClassifyStage stage;
  stage.on = read_crop_model(fields);
  stage.activation = static_cast<Activation>(fields.one_of("activation", kActivationNames, 0));
  stage.min_confidence = share(fields, "minConfidence", stage.min_confidence);
  stage.classes = labels(fields, "classes");
  stage.labels = labels(fields, "labels");
  return stage;
}

ReadStage read_read(JsonFields& fields) {
  ReadStage stage;
  stage.on = read_crop_model(fields);
  stage.min_confidence = share(fields, "minConfidence", stage.min_confidence);
  stage.alphabet = fields.string("alphabet", {}, limits::kAlphabet);
  const std::string blank = fields.string("blank", {stage.blank}, 1);
  if (blank.size() == 1) stage.blank = blank.front();
  const bool has_blank = stage.alphabet.find(stage.blank) != std::string::npos;
  if (!stage.alphabet.empty() && !has_blank) {
    fields.fail("blank",
                "is no symbol of \"alphabet\"; name the one that stands for an empty slot");
  }
  return stage;
}

CropRule read_rule(const nlohmann::json& json, const std::string& path, JsonFields& parent) {
  JsonFields fields{json, path};
  CropRule rule;
  rule.classes = labels(fields, "classes");
  rule.zones = fields.strings("zones", limits::kZones, limits::kLabelBytes);
  rule.min_confidence = share(fields, "minConfidence", rule.min_confidence);
  rule.min_side = count(fields, "minSide", rule.min_side, limits::kFrameSide);
  rule.padding = share(fields, "padding", rule.padding);
  if (const auto done = fields.finish(); !done) parent.fail(done.error());
  return rule;
}

/// Walks the tree; what it has read so far is in `crops`, parents first.
class TreeReader {
 public:
  explicit TreeReader(std::vector<CropStage>& crops) : crops_{crops} {}

  Result<> read_below(const nlohmann::json& stages, const std::string& path,
                      std::optional<std::size_t> parent, std::size_t depth) {
    if (!stages.is_array()) return wrong(path, "must be a list of stages");
    if (!stages.empty() && depth > limits::kStageDepth) {
      return wrong(path, "lies deeper than " + std::to_string(limits::kStageDepth) +
                             " stages; look at the object itself instead");
    }
    for (std::size_t i = 0; i < stages.size(); ++i) {
      const std::string at = path + "[" + std::to_string(i) + "]";
      // The root counts.
      if (crops_.size() + 1 >= limits::kPipelineStages) {
        return wrong(at, "is one more than the " + std::to_string(limits::kPipelineStages) +
                             " stages that a pipeline may have");
      }
      if (auto read = read_crop(stages[i], at, parent, depth); !read) return read;
    }
    return {};
  }

 private:
  Result<> read_crop(const nlohmann::json& json, const std::string& path,
                     std::optional<std::size_t> parent, std::size_t depth) {
    JsonFields fields{json, path};
    CropStage stage{.attribute = {}, .parent = parent, .of = {}, .votes = {}, .work = {}};
    const std::size_t type = fields.one_of("type", kCropTypes, kCropTypes.size());
    if (fields.failed()) return fields.finish();
    if (type == kCropTypes.size())
      return wrong(path + ".type", "is missing; use one of: classify, read, detect");
    stage.attribute = fields.required_string("attribute", limits::kNameChars);
    if (const nlohmann::json* of = fields.member("of")) {
      stage.of = read_rule(*of, fields.path_of("of"), fields);
    }
    if (parent && !stage.of.zones.empty()) {
      fields.fail("of.zones",
                  "belongs to a stage directly below the root, whose objects stand "
                  "somewhere; leave it out");
    }
    stage.votes.votes = count(fields, "votes", stage.votes.votes, kMaxVotes);
    stage.votes.every_n = count(fields, "everyN", stage.votes.every_n, limits::kEveryN);
    const nlohmann::json* below = nullptr;
    if (type == 0) {
      stage.work = read_classify(fields);
    } else if (type == 1) {
      stage.work = read_read(fields);
    } else {
      stage.work = read_detect(fields);
      below = fields.member("stages");
    }
    if (auto done = fields.finish(); !done) return done;
    if (std::ranges::find(crops_, stage.attribute, &CropStage::attribute) != crops_.end()) {
      return wrong(path + ".attribute",
                   "\"" + stage.attribute + "\" is another stage's; give each its own name");
    }
    const std::size_t self = crops_.size();
    crops_.push_back(std::move(stage));
    if (below == nullptr) return {};
    return read_below(*below, path + ".stages", self, depth + 1);
  }

  static Error wrong(const std::string& field, const std::string& what) {
    return {ErrorCode::InvalidParams, field + ": " + what, field};
  }

  std::vector<CropStage>& crops_;
};

nlohmann::json detect_json(const DetectStage& stage) {
  nlohmann::json json{
      {"type", "detect"},
      {"model", stage.model},
      {"engine", kEngineNames[static_cast<std::size_t>(stage.engine)]},
      {"layout", kLayoutNames[static_cast<std::size_t>(stage.layout)]},
      {"minConfidence", shortest_decimal(stage.min_confidence)},
      {"threads", stage.intra_op_threads},
  };
  if (stage.input_width != 0) {
    json["input"] = {{"width", stage.input_width}, {"height", stage.input_height}};
  }
  if (stage.nms_iou) json["nmsIou"] = shortest_decimal(*stage.nms_iou);
  if (!stage.classes.empty()) json["classes"] = stage.classes;
  if (!stage.per_class.empty()) json["perClass"] = to_json(stage.per_class);
  if (!stage.labels.empty()) json["labels"] = stage.labels;
  return json;
}

nlohmann::json crop_model_json(const char* type, const CropModelSpec& on) {
  nlohmann::json json{{"type", type}, {"model", on.model}, {"threads", on.intra_op_threads}};
  if (on.pixels) json["pixels"] = kPixelRuleNames[static_cast<std::size_t>(*on.pixels)];
  return json;
}

nlohmann::json work_json(const DetectStage& stage) { return detect_json(stage); }

nlohmann::json work_json(const ClassifyStage& stage) {
  nlohmann::json json = crop_model_json("classify", stage.on);
  json["activation"] = kActivationNames[static_cast<std::size_t>(stage.activation)];
  json["minConfidence"] = shortest_decimal(stage.min_confidence);
  if (!stage.classes.empty()) json["classes"] = stage.classes;
  if (!stage.labels.empty()) json["labels"] = stage.labels;
  return json;
}

nlohmann::json work_json(const ReadStage& stage) {
  nlohmann::json json = crop_model_json("read", stage.on);
  json["minConfidence"] = shortest_decimal(stage.min_confidence);
  json["blank"] = std::string{stage.blank};
  if (!stage.alphabet.empty()) json["alphabet"] = stage.alphabet;
  return json;
}

nlohmann::json rule_json(const CropRule& rule) {
  nlohmann::json json{{"minConfidence", shortest_decimal(rule.min_confidence)},
                      {"minSide", rule.min_side},
                      {"padding", shortest_decimal(rule.padding)}};
  if (!rule.classes.empty()) json["classes"] = rule.classes;
  if (!rule.zones.empty()) json["zones"] = rule.zones;
  return json;
}

nlohmann::json below_json(const std::vector<CropStage>& crops, std::optional<std::size_t> parent) {
  nlohmann::json stages = nlohmann::json::array();
  for (std::size_t i = 0; i < crops.size(); ++i) {
    const CropStage& stage = crops[i];
    if (stage.parent != parent) continue;
    nlohmann::json json = std::visit([](const auto& work) { return work_json(work); }, stage.work);
    json["attribute"] = stage.attribute;
    json["of"] = rule_json(stage.of);
    json["votes"] = stage.votes.votes;
    json["everyN"] = stage.votes.every_n;
    if (auto below = below_json(crops, i); !below.empty()) json["stages"] = std::move(below);
    stages.push_back(std::move(json));
  }
  return stages;
}

}  // namespace

const std::string& model_of(const CropStage& stage) noexcept {
  if (const auto* detect = std::get_if<DetectStage>(&stage.work)) return detect->model;
  if (const auto* classify = std::get_if<ClassifyStage>(&stage.work)) return classify->on.model;
  return std::get<ReadStage>(stage.work).on.model;
}

std::uint32_t threads_of(const CropStage& stage) noexcept {
  if (const auto* detect = std::get_if<DetectStage>(&stage.work)) return detect->intra_op_threads;
  if (const auto* classify = std::get_if<ClassifyStage>(&stage.work)) {
    return classify->on.intra_op_threads;
  }
  return std::get<ReadStage>(stage.work).on.intra_op_threads;
}

Result<> read_stages(const nlohmann::json& stages, const std::string& path, DetectStage& root,
                     FrameRules& frames, std::vector<CropStage>& crops) {
  const auto wrong = [](const std::string& field, const std::string& what) {
    return Error{ErrorCode::InvalidParams, field + ": " + what, field};
  };
  if (!stages.is_array() || stages.empty()) {
    return wrong(path, R"(has no stage; give [{"type": "detect", "model": "…"}])");
  }
  const std::string at = path + "[0]";
  JsonFields fields{stages[0], at};
  const std::string type = fields.required_string("type", limits::kNameChars);
  if (!type.empty() && type != "detect") {
    return wrong(at + ".type", "stage type \"" + type +
                                   "\" is not supported at the root; begin with \"detect\" and put "
                                   "stages of other types into its \"stages\"");
  }
  root = read_detect(fields);
  frames = read_frame_rules(fields);
  const nlohmann::json* below = fields.member("stages");
  if (auto done = fields.finish(); !done) return done;
  if (stages.size() > 1) {
    return wrong(path + "[1]",
                 "is a second stage at the root; put it into the \"stages\" of the first");
  }
  if (below == nullptr) return {};
  return TreeReader{crops}.read_below(*below, at + ".stages", std::nullopt, 1);
}

nlohmann::json stages_json(const DetectStage& root, const FrameRules& frames,
                           const std::vector<CropStage>& crops) {
  nlohmann::json json = detect_json(root);
  write_frame_rules(frames, json);
  if (auto below = below_json(crops, std::nullopt); !below.empty())
    json["stages"] = std::move(below);
  return nlohmann::json::array({std::move(json)});
}

}  // namespace bulkhead
