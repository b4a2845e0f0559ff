#pragma once

#include <memory>

#include "worker/detect/inference_backend.hpp"

namespace bulkhead::worker {

/// Loads `model` into ONNX Runtime (onnxruntime_model.hpp), or takes it from `options.loaded`.
/// `create_backend` has checked the model's inputs and outputs.
[[nodiscard]] Result<std::unique_ptr<InferenceBackend>> create_onnxruntime_backend(
    const ModelFile& model, const BackendOptions& options);

}  // namespace bulkhead::worker
