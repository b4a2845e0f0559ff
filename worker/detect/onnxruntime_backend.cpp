#include "worker/detect/onnxruntime_backend.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <string_view>

#include "worker/detect/engine_error.hpp"
#include "worker/detect/onnxruntime_model.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::string_view kOnnxRuntime = "onnxruntime";

class OnnxRuntimeBackend final : public InferenceBackend {
 public:
  /// Throws Ort::Exception.
  OnnxRuntimeBackend(const ModelFile& model, const BackendOptions& options)
      : model_{load_onnxruntime_model(model, options)},
        input_{options.input},
        form_{picture_form(model.signature())},
        input_shape_{input_shape(form_, input_)},
        input_name_{model.signature().inputs.front().name} {
    for (const TensorDeclaration& output : model.signature().outputs) {
      output_names_.push_back(output.name);
    }
    for (const std::string& name : output_names_) output_name_pointers_.push_back(name.c_str());
  }

  Result<std::span<const OutputView>> run(std::span<const float> planes) override {
    assert(!planes.empty() && planes.size() % input_.tensor_floats() == 0);
    input_shape_[0] = static_cast<std::int64_t>(planes.size() / input_.tensor_floats());
    try {
      const Ort::Value input = tensor_of(planes);
      const char* const input_name = input_name_.c_str();
      outputs_ = model_->session().Run(Ort::RunOptions{nullptr}, &input_name, &input, 1,
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
  [[nodiscard]] const std::vector<std::string>& notes() const noexcept override {
    return model_->notes();
  }

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

  std::shared_ptr<OnnxRuntimeModel> model_;
  Ort::MemoryInfo memory_ = Ort::MemoryInfo::CreateCpu(OrtDeviceAllocator, OrtMemTypeDefault);
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
