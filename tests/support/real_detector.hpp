#pragma once

#include <filesystem>
#include <string>

#include "worker/detect/detector.hpp"

namespace bulkhead::test {

/// The folder of real models, pictures and labels; set by CMake where it exists.
inline const std::filesystem::path kRealFolder{BULKHEAD_TEST_DATA_DIR};

/// Places for models of that folder and the repository's catalogue, without a cache.
[[nodiscard]] inline worker::DetectorPlaces real_places() {
  return {.catalog = BULKHEAD_TEST_CATALOG, .model_dir = kRealFolder / "models", .cache_dir = {}};
}

/// A stage for a file of that folder.
[[nodiscard]] inline DetectStage real_stage(std::string model,
                                            Engine engine = Engine::OnnxRuntime) {
  DetectStage stage;
  stage.model = std::move(model);
  stage.engine = engine;
  return stage;
}

}  // namespace bulkhead::test
