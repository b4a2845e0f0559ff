#pragma once

#include <memory>

#include "worker/detect/inference_backend.hpp"

namespace bulkhead::worker {

/// Loads `model` into OpenCV's DNN module, CPU only. It reads fewer models than ONNX Runtime and
/// is slower; it is here for machines that have OpenCV alone and to check one engine by another.
/// Models with several outputs are refused: OpenCV gives them in an order of its own.
/// `create_backend` has checked the model's inputs and outputs.
[[nodiscard]] Result<std::unique_ptr<InferenceBackend>> create_opencv_backend(
    const ModelFile& model, const BackendOptions& options);

}  // namespace bulkhead::worker
