#pragma once

#include <memory>

#include "worker/detect/inference_backend.hpp"

namespace bulkhead::worker {

/// Loads `model` into ONNX Runtime, CPU only. With a cache folder it runs the optimised copy whose
/// weights are memory-mapped; without one, or where that fails, the file itself, and says why in
/// its notes. `create_backend` has checked the model's inputs and outputs.
[[nodiscard]] Result<std::unique_ptr<InferenceBackend>> create_onnxruntime_backend(
    const ModelFile& model, const BackendOptions& options);

}  // namespace bulkhead::worker
