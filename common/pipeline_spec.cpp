#include "common/pipeline_spec.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/json_fields.hpp"
#include "common/limits.hpp"

namespace bulkhead {

std::vector<std::string> models_of(const PipelineSpec& pipeline) {
  std::vector<std::string> models{pipeline.detect.model};
  for (const CropStage& stage : pipeline.crops) models.push_back(model_of(stage));
  return models;
}

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
  fields.string("$schema", {}, limits::kPathBytes);  // for editors
  spec.name = fields.required_string("name", limits::kNameChars);
  if (!spec.name.empty() && !is_pipeline_name(spec.name)) {
    fields.fail("name", "\"" + spec.name + "\" is no pipeline name; " + kPipelineNameRule);
  }
  spec.max_fps = fields.number("maxFps", 0, 0, limits::kMaxFps);
  spec.track = fields.boolean("track", false);
  spec.crop_budget = std::chrono::milliseconds{fields.integer(
      "cropBudgetMs", limits::kCropBudget.count(), 1, limits::kLongestCropBudget.count())};
  spec.crop_threads =
      static_cast<std::uint32_t>(fields.integer("cropThreads", 1, 1, limits::kCropThreads));
  const nlohmann::json* stages = fields.member("stages");
  if (auto read = read_stages(stages != nullptr ? *stages : nlohmann::json{},
                              fields.path_of("stages"), spec.detect, spec.frames, spec.crops);
      !read) {
    fields.fail(read.error());
  }
  if (const auto done = fields.finish(); !done) return done.error();
  return spec;
}

nlohmann::json PipelineSpec::to_json() const {
  nlohmann::json json{{"name", name},
                      {"maxFps", max_fps},
                      {"track", track},
                      {"stages", stages_json(detect, frames, crops)}};
  if (!crops.empty()) {
    json["cropBudgetMs"] = crop_budget.count();
    json["cropThreads"] = crop_threads;
  }
  return json;
}

}  // namespace bulkhead
