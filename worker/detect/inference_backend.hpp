#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/pipeline_spec.hpp"
#include "common/result.hpp"
#include "worker/model/model_cache.hpp"
#include "worker/model/model_file.hpp"

namespace bulkhead::worker {

/// Width and height of a model's input, pixels.
struct InputSize {
  std::uint32_t width = 0;
  std::uint32_t height = 0;

  bool operator==(const InputSize&) const = default;
  [[nodiscard]] std::size_t tensor_floats() const noexcept {
    return std::size_t{3} * width * height;
  }
};

class OnnxRuntimeModel;
/// Of OpenCV's engine none are shared: its nets keep the state of a run.
using LoadedModels = ModelCache<OnnxRuntimeModel>;

struct BackendOptions {
  InputSize input;                     // the model's own where it is fixed, else a choice
  std::uint32_t intra_op_threads = 1;  // more than one only where a machine has cores to spare
  std::filesystem::path cache_dir;     // for optimised models; empty: none are kept
  // Pictures in one run at most. More than one: only in ONNX Runtime, for a model that leaves the
  // first dimension of its input open.
  std::size_t pictures = 1;
  std::shared_ptr<LoadedModels> loaded{};  // the worker's; null: the model is nobody else's
};

/// How a model declares the picture that goes into it.
struct PictureForm {
  bool interleaved = false;  // [1, height, width, 3], else [1, 3, height, width]
  bool bytes = false;        // uint8, else float32

  bool operator==(const PictureForm&) const = default;
};

/// What is said of the model's first input, taken for a picture whatever it is.
[[nodiscard]] PictureForm picture_form(const OnnxSignature& model) noexcept;

/// The sides of the model's input as far as they are fixed; 0 where they are open.
[[nodiscard]] InputSize declared_input(const OnnxSignature& model) noexcept;

/// One output tensor. Valid until the next run.
struct OutputView {
  std::span<const std::int64_t> shape;
  std::span<const float> values;
};

/// One loaded model, ready to run on one picture at a time, or on a few.
///
/// Owned by a Detector and used by its thread alone. The input size is fixed at creation: engines
/// plan their memory by it, and OpenCV would take a wrong one without a word. No exception of an
/// engine leaves an implementation.
class InferenceBackend {
 public:
  InferenceBackend() = default;
  InferenceBackend(const InferenceBackend&) = delete;
  InferenceBackend& operator=(const InferenceBackend&) = delete;
  virtual ~InferenceBackend() = default;

  /// Runs the model on 3 planes of `input` size for each picture, in the model's order of outputs.
  /// What a model wants as bytes, or pixel by pixel instead of plane by plane, is rearranged in
  /// here. Blocks for the whole inference. Error: InferenceFailed with the engine's own sentence.
  virtual Result<std::span<const OutputView>> run(std::span<const float> planes) = 0;

  /// "onnxruntime" or "opencv".
  [[nodiscard]] virtual std::string_view engine() const noexcept = 0;

  /// Sentences for the log on how the model was loaded, e.g. why no optimised copy is used.
  [[nodiscard]] virtual const std::vector<std::string>& notes() const noexcept = 0;
};

/// Loads `model` into the engine asked for. Errors: ModelInvalid with what the engine said.
[[nodiscard]] Result<std::unique_ptr<InferenceBackend>> create_backend(
    Engine engine, const ModelFile& model, const BackendOptions& options);

}  // namespace bulkhead::worker
