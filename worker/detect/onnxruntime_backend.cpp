#include "worker/detect/onnxruntime_backend.hpp"

#include <onnxruntime_cxx_api.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <optional>
#include <string_view>

#include "worker/detect/engine_error.hpp"
#include "worker/model/optimized_model.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::string_view kOnnxRuntime = "onnxruntime";

// Keys of ONNX Runtime's configuration entries; they are strings of its documented interface.
constexpr const char* kSpinningKey = "session.intra_op.allow_spinning";
constexpr const char* kWeightsFileKey = "session.optimized_model_external_initializers_file_name";
constexpr const char* kWeightsMinKey =
    "session.optimized_model_external_initializers_min_size_in_bytes";

std::array<std::int64_t, 4> input_shape(PictureForm form, InputSize input) {
  if (form.interleaved) return {1, input.height, input.width, 3};
  return {1, 3, input.height, input.width};
}

/// Sets of options for one model: the same but for how far its graph is optimised.
Ort::SessionOptions session_options(const ModelFile& model, const BackendOptions& wanted,
                                    GraphOptimizationLevel level) {
  Ort::SessionOptions options;
  options.SetIntraOpNumThreads(static_cast<int>(wanted.intra_op_threads));
  options.SetInterOpNumThreads(1);
  options.SetExecutionMode(ORT_SEQUENTIAL);
  options.AddConfigEntry(kSpinningKey, "0");  // idle cameras must cost nothing
  // A plan of all memory ahead is no faster for one picture at a time, and takes a block of its own
  // beside what the first run used: 10 MB more with YOLO11n at 416, 39 MB at 640.
  options.DisableMemPattern();
  options.SetGraphOptimizationLevel(level);
  // A fixed size lets it fold what depends on it.
  const std::array<std::int64_t, 4> shape =
      input_shape(picture_form(model.signature()), wanted.input);
  const auto& dimensions = model.signature().inputs.front().dimensions;
  const std::size_t first = wanted.pictures > 1 ? 1 : 0;  // the number of pictures stays open
  for (std::size_t i = first; i < shape.size(); ++i) {
    if (dimensions[i].size > 0 || dimensions[i].name.empty()) continue;
    Ort::ThrowOnError(Ort::GetApi().AddFreeDimensionOverrideByName(
        options, dimensions[i].name.c_str(), shape[i]));
  }
  return options;
}

class OnnxRuntimeBackend final : public InferenceBackend {
 public:
  /// Throws Ort::Exception.
  OnnxRuntimeBackend(const ModelFile& model, const BackendOptions& options)
      // What it would print comes back in exceptions.
      : env_{ORT_LOGGING_LEVEL_FATAL, "bulkhead"},
        input_{options.input},
        form_{picture_form(model.signature())},
        input_shape_{input_shape(form_, input_)},
        input_name_{model.signature().inputs.front().name} {
    for (const TensorDeclaration& output : model.signature().outputs) {
      output_names_.push_back(output.name);
    }
    for (const std::string& name : output_names_) output_name_pointers_.push_back(name.c_str());
    if (const auto optimized = optimized_copy(model, options)) {
      load_optimized(*optimized, model, options);
    }
    if (!session_) {
      session_.emplace(env_, model.bytes().data(), model.bytes().size(),
                       session_options(model, options, ORT_ENABLE_ALL));
    }
  }

  Result<std::span<const OutputView>> run(std::span<const float> planes) override {
    assert(!planes.empty() && planes.size() % input_.tensor_floats() == 0);
    input_shape_[0] = static_cast<std::int64_t>(planes.size() / input_.tensor_floats());
    try {
      const Ort::Value input = tensor_of(planes);
      const char* const input_name = input_name_.c_str();
      outputs_ = session_->Run(Ort::RunOptions{nullptr}, &input_name, &input, 1,
                               output_name_pointers_.data(), output_name_pointers_.size());
      shapes_.clear();
      for (const Ort::Value& output : outputs_) {
        shapes_.push_back(output.GetTensorTypeAndShapeInfo().GetShape());
      }
      views_.clear();
      for (std::size_t i = 0; i < outputs_.size(); ++i) {
        const std::size_t count = outputs_[i].GetTensorTypeAndShapeInfo().GetElementCount();
        views_.push_back({shapes_[i], {outputs_[i].GetTensorData<float>(), count}});
      }
    } catch (const std::exception& error) {
      return run_error(kOnnxRuntime, error.what());
    }
    return std::span<const OutputView>{views_};
  }

  [[nodiscard]] std::string_view engine() const noexcept override { return kOnnxRuntime; }
  [[nodiscard]] const std::vector<std::string>& notes() const noexcept override { return notes_; }

 private:
  /// ONNX Runtime takes a mutable pointer and does not write to inputs.
  template <class Element>
  Ort::Value tensor(const Element* elements, std::size_t count) {
    return Ort::Value::CreateTensor<Element>(memory_, const_cast<Element*>(elements), count,
                                             input_shape_.data(), input_shape_.size());
  }

  Ort::Value tensor_of(std::span<const float> planes) {
    if (form_.interleaved) planes = interleave(planes);
    if (!form_.bytes) return tensor(planes.data(), planes.size());
    bytes_.resize(planes.size());
    std::ranges::transform(planes, bytes_.begin(), [](float value) {
      return static_cast<std::uint8_t>(std::clamp(std::round(value), 0.0F, 255.0F));
    });
    return tensor(bytes_.data(), bytes_.size());
  }

  std::span<const float> interleave(std::span<const float> planes) {
    interleaved_.resize(planes.size());
    const std::size_t picture = input_.tensor_floats();
    const std::size_t pixels = picture / 3;
    for (std::size_t at = 0; at < planes.size(); at += picture) {
      for (std::size_t i = 0; i < pixels; ++i) {
        for (std::size_t plane = 0; plane < 3; ++plane) {
          interleaved_[at + 3 * i + plane] = planes[at + plane * pixels + i];
        }
      }
    }
    return interleaved_;
  }

  std::optional<std::filesystem::path> optimized_copy(const ModelFile& model,
                                                      const BackendOptions& options) {
    if (options.cache_dir.empty()) return std::nullopt;
    const std::string key = model.sha256() + "-ort" + Ort::GetVersionString() + "-cpu" +
                            cpu_fingerprint() + "-" + std::to_string(options.input.width) + "x" +
                            std::to_string(options.input.height) +
                            (options.pictures > 1 ? "xn" : "");
    const auto copy = OptimizedModels{options.cache_dir}.find_or_build(
        key, [&](const std::filesystem::path& folder) { return build(folder, model, options); });
    if (copy) return *copy;
    notes_.push_back("the model runs without an optimised copy: " + copy.error().message);
    return std::nullopt;
  }

  Result<void> build(const std::filesystem::path& folder, const ModelFile& model,
                     const BackendOptions& options) {
    try {
      Ort::SessionOptions writing = session_options(model, options, ORT_ENABLE_ALL);
      writing.SetOptimizedModelFilePath((folder / OptimizedModels::kModelName).c_str());
      writing.AddConfigEntry(kWeightsFileKey, OptimizedModels::kWeightsName.data());
      writing.AddConfigEntry(kWeightsMinKey, "256");
      const Ort::Session written{env_, model.bytes().data(), model.bytes().size(), writing};
      notes_.emplace_back("an optimised copy of the model was written");
      return {};
    } catch (const std::exception& error) {
      return Error{ErrorCode::Io, error.what(), {}};
    }
  }

  void load_optimized(const std::filesystem::path& file, const ModelFile& model,
                      const BackendOptions& options) {
    try {
      // Optimised already: going over it again would copy the mapped weights.
      session_.emplace(env_, file.c_str(), session_options(model, options, ORT_DISABLE_ALL));
    } catch (const std::exception& error) {
      notes_.push_back("the optimised copy of the model does not load: " +
                       std::string{error.what()});
    }
  }

  Ort::Env env_;
  Ort::MemoryInfo memory_ = Ort::MemoryInfo::CreateCpu(OrtDeviceAllocator, OrtMemTypeDefault);
  std::optional<Ort::Session> session_;
  InputSize input_;
  PictureForm form_;
  std::array<std::int64_t, 4> input_shape_;
  std::vector<float> interleaved_;
  std::vector<std::uint8_t> bytes_;
  std::string input_name_;
  std::vector<std::string> output_names_;
  std::vector<const char*> output_name_pointers_;
  std::vector<Ort::Value> outputs_;
  std::vector<std::vector<std::int64_t>> shapes_;
  std::vector<OutputView> views_;
  std::vector<std::string> notes_;
};

}  // namespace

Result<std::unique_ptr<InferenceBackend>> create_onnxruntime_backend(
    const ModelFile& model, const BackendOptions& options) {
  try {
    return std::make_unique<OnnxRuntimeBackend>(model, options);
  } catch (const std::exception& error) {
    return load_error(kOnnxRuntime, model, error.what(),
                      "export it again with a current exporter, or check that the file is whole");
  }
}

}  // namespace bulkhead::worker
