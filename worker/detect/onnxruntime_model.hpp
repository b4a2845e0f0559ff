#pragma once

#include <onnxruntime_cxx_api.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "worker/detect/inference_backend.hpp"

namespace bulkhead::worker {

/// The shape of one picture as the model takes it.
[[nodiscard]] std::array<std::int64_t, 4> input_shape(PictureForm form, InputSize input);

/// A model as ONNX Runtime has loaded it: its graph, weights and working memory, CPU only. With a
/// cache folder it is the optimised copy, whose weights are memory-mapped; without one, or where
/// that fails, the file itself, and its notes say why.
///
/// Shared by the backends that run it (LoadedModels). Several threads may run it at once.
class OnnxRuntimeModel {
 public:
  /// `create_backend` has checked the model's inputs and outputs. Throws Ort::Exception.
  OnnxRuntimeModel(const ModelFile& model, const BackendOptions& options);

  [[nodiscard]] Ort::Session& session() noexcept { return *session_; }
  [[nodiscard]] const std::vector<std::string>& notes() const noexcept { return notes_; }

 private:
  std::optional<std::filesystem::path> optimized_copy(const ModelFile& model,
                                                      const BackendOptions& options);
  Result<> build(const std::filesystem::path& folder, const ModelFile& model,
                 const BackendOptions& options);
  void load_optimized(const std::filesystem::path& file, const ModelFile& model,
                      const BackendOptions& options);

  Ort::Env env_;
  std::optional<Ort::Session> session_;
  std::vector<std::string> notes_;
};

/// The one that `options.loaded` has, or a new one. Throws Ort::Exception.
[[nodiscard]] std::shared_ptr<OnnxRuntimeModel> load_onnxruntime_model(
    const ModelFile& model, const BackendOptions& options);

}  // namespace bulkhead::worker
