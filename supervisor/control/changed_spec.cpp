#include "supervisor/control/changed_spec.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

namespace bulkhead::supervisor {

namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 8> kStageKeys{
    "minConfidence", "nmsIou", "classes", "perClass", "everyN", "motion", "region", "masks"};
constexpr std::array<std::string_view, 2> kPipelineKeys{"maxFps", "track"};

bool is_given(const json& changes, std::string_view key) { return changes.contains(key); }

/// Moves a member from the patch of the session to that of its pipeline.
bool move_member(json& from, json& to, std::string_view key) {
  if (!is_given(from, key)) return false;
  to[std::string{key}] = from[std::string{key}];
  from.erase(std::string{key});
  return true;
}

/// As it was given: where in the pipeline it ends up says nothing to who asked.
void name_as_given(Error& error, const std::string& path) {
  for (const std::string& inner : {path + ".pipeline.stages[0].", path + ".pipeline."}) {
    if (!error.field.starts_with(inner)) continue;
    const std::string outer = path + "." + error.field.substr(inner.size());
    if (error.message.starts_with(error.field)) error.message.replace(0, error.field.size(), outer);
    error.field = outer;
    return;
  }
}

}  // namespace

Result<SessionSpec> changed_spec(const SessionSpec& now, const json& changes,
                                 const std::string& path) {
  if (is_given(changes, "lifetime")) {
    return Error{ErrorCode::InvalidParams,
                 path + ".lifetime: belongs to who subscribed; change it with session.subscribe",
                 path + ".lifetime"};
  }
  json merged = now.to_json(SessionSpec::Secrets::Kept);
  if (is_given(changes, "rtspUrl")) merged.erase("credentials");
  // That of the class before; who asks for another one did not have to know of it.
  if (is_given(changes, "availability") && !is_given(changes, "schedule") &&
      changes["availability"] != name_of(Availability::Scheduled)) {
    merged.erase("schedule");
  }
  json patch = changes;
  json stage = json::object();
  json pipeline = json::object();
  bool is_tuned = false;
  for (const std::string_view key : kPipelineKeys)
    is_tuned = move_member(patch, pipeline, key) || is_tuned;
  for (const std::string_view key : kStageKeys)
    is_tuned = move_member(patch, stage, key) || is_tuned;
  const bool is_other_pipeline = is_given(changes, "pipeline");
  if (is_tuned && is_other_pipeline) {
    return Error{ErrorCode::InvalidParams,
                 path + ".pipeline: comes with " +
                     "maxFps, track, minConfidence, nmsIou, classes, perClass, everyN, motion, "
                     "region or masks; put them into the pipeline, or leave it out",
                 path + ".pipeline"};
  }
  // A whole one takes the place of the old; merged into it, it would keep what it does not name.
  if (is_other_pipeline) merged.erase("pipeline");
  merged.merge_patch(patch);
  if (is_tuned) {
    merged["pipeline"].merge_patch(pipeline);
    merged["pipeline"]["stages"][0].merge_patch(stage);
  }
  auto spec = SessionSpec::from_json(merged, path);
  if (!spec) {
    Error error = spec.error();
    if (is_tuned) name_as_given(error, path);
    return error;
  }
  // Untouched it is still the one of that name, to be looked up again at the next start.
  if (!is_tuned && !is_other_pipeline) spec->pipeline_name = now.pipeline_name;
  return spec;
}

}  // namespace bulkhead::supervisor
