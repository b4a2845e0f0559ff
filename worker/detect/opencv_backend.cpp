#include "worker/detect/opencv_backend.hpp"

#include <array>
#include <cassert>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/dnn.hpp>
#include <string_view>

#include "worker/detect/engine_error.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::string_view kOpenCv = "opencv";
constexpr std::string_view kAdvice =
    "OpenCV's importer knows fewer models than ONNX Runtime; use engine \"onnxruntime\"";

class OpenCvBackend final : public InferenceBackend {
 public:
  OpenCvBackend(const cv::dnn::Net& net, InputSize input) : net_{net}, input_{input} {}

  Result<std::span<const OutputView>> run(std::span<const float> planes) override {
    assert(planes.size() == input_.tensor_floats());
    try {
      const std::array<int, 4> shape{1, 3, static_cast<int>(input_.height),
                                     static_cast<int>(input_.width)};
      // OpenCV takes a mutable pointer and only reads: the first layer never runs in place.
      const cv::Mat blob{static_cast<int>(shape.size()), shape.data(), CV_32F,
                         const_cast<float*>(planes.data())};
      net_.setInput(blob);
      output_ = net_.forward();
      if (!output_.isContinuous()) output_ = output_.clone();
    } catch (const std::exception& error) {
      return run_error(kOpenCv, error.what());
    }
    shape_.assign(output_.size.p, output_.size.p + output_.dims);
    views_[0] = {shape_, {output_.ptr<float>(), output_.total()}};
    return std::span<const OutputView>{views_};
  }

  [[nodiscard]] std::string_view engine() const noexcept override { return kOpenCv; }
  [[nodiscard]] const std::vector<std::string>& notes() const noexcept override { return notes_; }

 private:
  cv::dnn::Net net_;
  InputSize input_;
  cv::Mat output_;
  std::vector<std::int64_t> shape_;
  std::array<OutputView, 1> views_;
  std::vector<std::string> notes_;
};

}  // namespace

Result<std::unique_ptr<InferenceBackend>> create_opencv_backend(const ModelFile& model,
                                                                const BackendOptions& options) {
  if (model.signature().outputs.size() != 1) {
    return load_error(kOpenCv, model, "several outputs, in no known order", kAdvice);
  }
  try {
    // What it would print to the terminal comes back in the exception.
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    cv::dnn::Net net = cv::dnn::readNetFromONNX(reinterpret_cast<const char*>(model.bytes().data()),
                                                model.bytes().size());
    net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
    net.setPreferableTarget(cv::dnn::DNN_TARGET_CPU);
    return std::make_unique<OpenCvBackend>(net, options.input);
  } catch (const std::exception& error) {
    return load_error(kOpenCv, model, error.what(), kAdvice);
  }
}

}  // namespace bulkhead::worker
