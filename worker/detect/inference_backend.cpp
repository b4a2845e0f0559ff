#include "worker/detect/inference_backend.hpp"

#include <array>

#include "common/limits.hpp"
#include "common/redaction.hpp"
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

#if defined(__x86_64__)
constexpr bool kSignedBytesAreSlow = true;  // for ONNX Runtime; see find_signed_activation
#else
constexpr bool kSignedBytesAreSlow = false;
#endif

/// Empty where one picture of three channels can go in and floats come out.
std::string objection(Engine engine, const OnnxSignature& model, InputSize input) {
  if (model.inputs.size() != 1) return "it wants several inputs";
  const TensorDeclaration& image = model.inputs.front();
  const PictureForm form = picture_form(model);
  if (!image.is_float() && !form.bytes) {
    return "its input is neither of type float32 nor uint8; export it so";
  }
  if (engine == Engine::OpenCv && form != PictureForm{}) {
    return "OpenCV takes floats plane by plane; use engine \"onnxruntime\"";
  }
  if (image.dimensions.size() != kImageDimensions) return "its input is no [1, 3, height, width]";
  if (!fits(image.dimensions[0], 1)) return "it wants batches; export it with a batch of 1";
  if (!form.interleaved && !fits(image.dimensions[1], 3)) {
    return "its input has not 3 channels in second place";
  }
  if (kSignedBytesAreSlow && engine == Engine::OnnxRuntime && !model.signed_activation.empty()) {
    return "it computes \"" + printable_text(model.signed_activation, limits::kLabelBytes) +
           "\" in signed bytes, which takes 2 to 6 times as long as floats on this kind of "
           "processor; quantise it with unsigned activations and signed weights, as "
           "deploy/quantize_model does with the file of floats";
  }
  const InputSize declared = declared_input(model);
  if ((declared.height != 0 && declared.height != input.height) ||
      (declared.width != 0 && declared.width != input.width)) {
    return "its input size is fixed, and " + std::to_string(input.width) + "x" +
           std::to_string(input.height) + " was asked for";
  }
  for (const TensorDeclaration& output : model.outputs) {
    if (!output.is_float()) return "an output is not of type float32";
  }
  return {};
}

}  // namespace

PictureForm picture_form(const OnnxSignature& model) noexcept {
  constexpr std::int32_t kUint8 = 2;  // ONNX's TensorProto.DataType
  if (model.inputs.empty()) return {};
  const TensorDeclaration& image = model.inputs.front();
  const auto& sides = image.dimensions;
  return {
      .interleaved = sides.size() == kImageDimensions && sides[3].size == 3 && sides[1].size != 3,
      .bytes = image.element_type == kUint8};
}

InputSize declared_input(const OnnxSignature& model) noexcept {
  if (model.inputs.empty() || model.inputs.front().dimensions.size() != kImageDimensions) return {};
  const auto& sides = model.inputs.front().dimensions;
  const std::size_t height = picture_form(model).interleaved ? 1 : 2;
  const auto fixed = [&sides](std::size_t i) {
    const bool is_fixed = sides[i].size > 0 && sides[i].size <= UINT32_MAX;
    return is_fixed ? static_cast<std::uint32_t>(sides[i].size) : 0;
  };
  return {.width = fixed(height + 1), .height = fixed(height)};
}

Result<std::unique_ptr<InferenceBackend>> create_backend(Engine engine, const ModelFile& model,
                                                         const BackendOptions& options) {
  const OnnxSignature& signature = model.signature();
  if (const std::string no = objection(engine, signature, options.input); !no.empty()) {
    return Error{ErrorCode::ModelInvalid,
                 model.path().string() + " cannot be used: " + no + ". Found inputs: " +
                     all_of(signature.inputs) + "; outputs: " + all_of(signature.outputs),
                 "model"};
  }
  return engine == Engine::OpenCv ? create_opencv_backend(model, options)
                                  : create_onnxruntime_backend(model, options);
}

}  // namespace bulkhead::worker
