#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/limits.hpp"
#include "common/result.hpp"
#include "common/stage_spec.hpp"

namespace bulkhead {

/// What a worker does with each frame: a tree of stages, whose root detects and whose branches look
/// at what was found. One format for three senders: a file of config/pipelines/, an inline object
/// in `session.subscribe`, and the worker's start message.
struct PipelineSpec {
  std::string name;
  double max_fps = 0;  // frames inferred per second at most; 0: as the camera delivers
  bool track = false;  // objects get the ids of their tracks
  DetectStage detect;
  FrameRules frames{};           // that `detect` looks at, and where
  std::vector<CropStage> crops;  // below `detect`, each after its parent, in the order of the file
  std::chrono::milliseconds crop_budget = limits::kCropBudget;  // of one frame, for all of them
  std::uint32_t crop_threads = 1;  // branches below the root that are looked at beside each other

  /// `path` prefixes the field named by an error, e.g. "params.pipeline".
  static Result<PipelineSpec> from_json(const nlohmann::json& json, const std::string& path);
  [[nodiscard]] nlohmann::json to_json() const;

  bool operator==(const PipelineSpec&) const = default;
};

/// The models of all stages, the root's first, as the pipeline names them.
[[nodiscard]] std::vector<std::string> models_of(const PipelineSpec& pipeline);

/// Pipeline names become file names: 1 to limits::kNameChars of [A-Za-z0-9._-], no dot first.
[[nodiscard]] bool is_pipeline_name(std::string_view text) noexcept;

/// The same as a remedy, for errors.
inline constexpr const char* kPipelineNameRule =
    "use letters, digits and . _ - only, and no dot first";

}  // namespace bulkhead
