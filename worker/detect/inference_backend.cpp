#include "worker/detect/inference_backend.hpp"

#include <array>

#include "worker/detect/onnxruntime_backend.hpp"
#include "worker/detect/opencv_backend.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::size_t kImageDimensions = 4;  // batch, channels, height, width

std::string all_of(const std::vector<TensorDeclaration>& tensors) {
  std::string text;
  for (const TensorDeclaration& tensor : tensors) {
    if (!text.empty()) text += "; ";
    text += describe(tensor);
  }
  return text;
}

bool fits(const Dimension& dimension, std::int64_t wanted) {
  return dimension.size < 0 || dimension.size == wanted;
}

/// Empty where one picture of three float planes can go in and floats come out.
std::string objection(const OnnxSignature& model, InputSize input) {
  if (model.inputs.size() != 1) return "it wants several inputs";
  const TensorDeclaration& image = model.inputs.front();
  if (!image.is_float()) return "its input is not of type float32; export it so";
  if (image.dimensions.size() != kImageDimensions) return "its input is no [1, 3, height, width]";
  if (!fits(image.dimensions[0], 1)) return "it wants batches; export it with a batch of 1";
  if (!fits(image.dimensions[1], 3)) return "its input has not 3 channels in second place";
  if (!fits(image.dimensions[2], input.height) || !fits(image.dimensions[3], input.width)) {
    return "its input size is fixed, and " + std::to_string(input.width) + "x" +
           std::to_string(input.height) + " was asked for";
  }
  for (const TensorDeclaration& output : model.outputs) {
    if (!output.is_float()) return "an output is not of type float32";
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<InferenceBackend>> create_backend(Engine engine, const ModelFile& model,
                                                         const BackendOptions& options) {
  const OnnxSignature& signature = model.signature();
  if (const std::string no = objection(signature, options.input); !no.empty()) {
    return Error{ErrorCode::ModelInvalid,
                 model.path().string() + " cannot be used: " + no + ". Found inputs: " +
                     all_of(signature.inputs) + "; outputs: " + all_of(signature.outputs),
                 "model"};
  }
  return engine == Engine::OpenCv ? create_opencv_backend(model, options)
                                  : create_onnxruntime_backend(model, options);
}

}  // namespace bulkhead::worker
