#include "deploy/quantize/value_ranges.hpp"

#include <onnxruntime_cxx_api.h>

#include <algorithm>
#include <utility>

namespace bulkhead::deploy {

namespace {

constexpr std::size_t kLeftOut = 10'000;  // one of so many values at either end

ValueRange range_of(std::span<const float> values, std::vector<float>& sorted) {
  sorted.assign(values.begin(), values.end());
  const auto beyond = static_cast<std::ptrdiff_t>(sorted.size() / kLeftOut);
  const auto low = sorted.begin() + beyond;
  std::nth_element(sorted.begin(), low, sorted.end());
  const float lowest = *low;
  const auto high = sorted.end() - 1 - beyond;
  std::nth_element(sorted.begin(), high, sorted.end());
  return {lowest, *high};
}

}  // namespace

struct RangeMeter::Parts {
  Ort::Env env{ORT_LOGGING_LEVEL_FATAL, "bulkhead"};  // what it would print comes in exceptions
  Ort::MemoryInfo memory = Ort::MemoryInfo::CreateCpu(OrtDeviceAllocator, OrtMemTypeDefault);
  std::string input;
  std::vector<std::string> tensors;
  std::vector<const char*> names;
  Ort::Session session{nullptr};
  std::vector<float> sorted;
  std::map<std::string, ValueRange> ranges;
};

RangeMeter::RangeMeter(std::unique_ptr<Parts> parts) : parts_{std::move(parts)} {}
RangeMeter::RangeMeter(RangeMeter&&) noexcept = default;
RangeMeter& RangeMeter::operator=(RangeMeter&&) noexcept = default;
RangeMeter::~RangeMeter() = default;

Result<RangeMeter> RangeMeter::create(OnnxGraph graph, std::string input,
                                      std::vector<std::string> tensors) {
  auto parts = std::make_unique<Parts>();
  parts->input = std::move(input);
  parts->tensors = std::move(tensors);
  for (const std::string& tensor : parts->tensors) {
    parts->names.push_back(tensor.c_str());
    parts->ranges[tensor] = {};
  }
  graph.added_outputs = parts->tensors;
  const std::string model = graph.serialize();
  try {
    Ort::SessionOptions options;
    // One thread: sums in another order would be other numbers, and the model another file.
    options.SetIntraOpNumThreads(1);
    options.SetGraphOptimizationLevel(ORT_ENABLE_BASIC);
    parts->session = Ort::Session{parts->env, model.data(), model.size(), options};
  } catch (const std::exception& error) {
    return Error{ErrorCode::ModelInvalid,
                 std::string{"ONNX Runtime cannot load the model: "} + error.what(),
                 {}};
  }
  return RangeMeter{std::move(parts)};
}

Result<> RangeMeter::add(std::span<const float> planes, std::span<const std::int64_t> shape) {
  try {
    // It takes a mutable pointer and does not write to inputs.
    const Ort::Value picture =
        Ort::Value::CreateTensor<float>(parts_->memory, const_cast<float*>(planes.data()),
                                        planes.size(), shape.data(), shape.size());
    const char* const input = parts_->input.c_str();
    const std::vector<Ort::Value> values = parts_->session.Run(
        Ort::RunOptions{nullptr}, &input, &picture, 1, parts_->names.data(), parts_->names.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::size_t count = values[i].GetTensorTypeAndShapeInfo().GetElementCount();
      if (count == 0) continue;
      const ValueRange seen = range_of({values[i].GetTensorData<float>(), count}, parts_->sorted);
      ValueRange& range = parts_->ranges[parts_->tensors[i]];
      range = {std::min(range.low, seen.low), std::max(range.high, seen.high)};
    }
  } catch (const std::exception& error) {
    return Error{ErrorCode::InferenceFailed,
                 std::string{"ONNX Runtime cannot run the model: "} + error.what(),
                 {}};
  }
  return {};
}

const std::map<std::string, ValueRange>& RangeMeter::ranges() const noexcept {
  return parts_->ranges;
}

}  // namespace bulkhead::deploy
