#include "deploy/quantize/quantized_graph.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <span>
#include <utility>

namespace bulkhead::deploy {

namespace {

constexpr float kByteSteps = 255;
constexpr float kWeightSteps = 127;            // symmetric: -128 is not used
constexpr float kSmallestScale = 1e-12F;       // of a channel whose weights are all 0
constexpr float kLargestBias = 1e9F;           // in steps; fits 32 bits with room for the sum
constexpr std::int64_t kScalesByChannel = 13;  // the opset that has them

template <class Element>
std::string bytes_of(const std::vector<Element>& elements) {
  return {reinterpret_cast<const char*>(elements.data()), elements.size() * sizeof(Element)};
}

class Quantizer {
 public:
  Quantizer(OnnxGraph& graph, const QuantizationPlan& plan,
            const std::map<std::string, ValueRange>& ranges)
      : graph_{graph}, plan_{plan} {
    if (graph.opset < kScalesByChannel) {
      domain_ = "com.microsoft";  // has the same operators with scales by channel, for any opset
      graph.uses_contrib = true;
    }
    in_bytes_.insert(plan.convolutions.begin(), plan.convolutions.end());
    in_bytes_.insert(plan.others.begin(), plan.others.end());
    for (const std::size_t node : in_bytes_) {
      for (const std::string& output : graph.nodes[node].outputs) made_of_bytes_.insert(output);
    }
    make_scales(ranges);
  }

  void run() {
    const std::vector<OnnxNode> nodes = std::exchange(graph_.nodes, {});
    const std::set<std::size_t> convolutions{plan_.convolutions.begin(), plan_.convolutions.end()};
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      OnnxNode node = nodes[i];
      for (std::string& input : node.inputs) {
        if (!plan_.scale_of.contains(input)) continue;
        // A step in floats takes the floats where there are any.
        if (in_bytes_.contains(i) || made_of_bytes_.contains(input)) input += kAgain;
      }
      if (convolutions.contains(i)) {
        quantize_weights(nodes[i], i, node);
        replaced_.insert(nodes[i].inputs.begin() + 1, nodes[i].inputs.end());
      }
      graph_.nodes.push_back(std::move(node));
      for (const std::string& output : nodes[i].outputs) {
        if (plan_.scale_of.contains(output)) through_bytes(output);
      }
    }
    drop_replaced();
  }

 private:
  static constexpr const char* kScale = "/scale";
  static constexpr const char* kZero = "/zero";
  static constexpr const char* kBytes = "/bytes";
  static constexpr const char* kAgain = "/again";  // the floats that the bytes stand for

  void add_constant(std::string name, ElementType type, std::vector<std::int64_t> shape,
                    std::string bytes) {
    OnnxTensor tensor{name, type, std::move(shape), std::move(bytes)};
    graph_.constants.insert_or_assign(std::move(name), std::move(tensor));
  }

  void make_scales(const std::map<std::string, ValueRange>& ranges) {
    std::map<std::string, ValueRange> shared;
    for (const auto& [tensor, scale] : plan_.scale_of) {
      const ValueRange& own = ranges.at(tensor);
      ValueRange& range = shared[scale];
      range = {std::min(range.low, own.low), std::max(range.high, own.high)};
    }
    for (const auto& [name, range] : shared) {
      const float scale = std::max((range.high - range.low) / kByteSteps, kSmallestScale);
      const auto zero =
          static_cast<std::uint8_t>(std::clamp(std::round(-range.low / scale), 0.0F, kByteSteps));
      scales_[name] = scale;
      add_constant(name + kScale, ElementType::Float, {}, bytes_of(std::vector{scale}));
      add_constant(name + kZero, ElementType::Uint8, {}, bytes_of(std::vector{zero}));
    }
  }

  void through_bytes(const std::string& tensor) {
    const std::string& scale = plan_.scale_of.at(tensor);
    graph_.nodes.push_back({"QuantizeLinear",
                            tensor + "/quantize",
                            domain_,
                            {tensor, scale + kScale, scale + kZero},
                            {tensor + kBytes},
                            {}});
    graph_.nodes.push_back({"DequantizeLinear",
                            tensor + "/dequantize",
                            domain_,
                            {tensor + kBytes, scale + kScale, scale + kZero},
                            {tensor + kAgain},
                            {}});
  }

  /// A constant of `type` in place of one of floats; returns the name of its floats.
  std::string by_channel(const std::string& name, ElementType type, std::vector<std::int64_t> shape,
                         std::string bytes, const std::vector<float>& scales) {
    const auto channels = static_cast<std::int64_t>(scales.size());
    const std::size_t element = bytes.size() / std::max<std::size_t>(count_of(shape), 1);
    add_constant(name + kBytes, type, std::move(shape), std::move(bytes));
    add_constant(name + kScale, ElementType::Float, {channels}, bytes_of(scales));
    add_constant(name + kZero, type, {channels}, std::string(element * scales.size(), '\0'));
    graph_.nodes.push_back({"DequantizeLinear",
                            name + "/dequantize",
                            domain_,
                            {name + kBytes, name + kScale, name + kZero},
                            {name + kAgain},
                            {integer_attribute("axis", 0)}});
    return name + kAgain;
  }

  static std::size_t count_of(const std::vector<std::int64_t>& shape) {
    std::size_t count = 1;
    for (const std::int64_t side : shape) count *= static_cast<std::size_t>(side);
    return count;
  }

  void quantize_weights(const OnnxNode& from, std::size_t index, OnnxNode& to) {
    const OnnxTensor& stored = graph_.constants.find(from.inputs[1])->second;
    const std::vector<float> weights = stored.floats();
    const auto channels = static_cast<std::size_t>(stored.shape.front());
    const std::size_t each = weights.size() / channels;
    std::vector<float> bias;
    if (from.inputs.size() > 2) bias = graph_.constants.find(from.inputs[2])->second.floats();
    const float input_scale = scales_.at(plan_.scale_of.at(from.inputs[0]));

    std::vector<float> scales(channels, kSmallestScale);
    std::vector<std::int8_t> steps(weights.size());
    for (std::size_t c = 0; c < channels; ++c) {
      const std::span<const float> own{weights.data() + c * each, each};
      for (const float weight : own)
        scales[c] = std::max(scales[c], std::abs(weight) / kWeightSteps);
      if (!bias.empty()) {
        scales[c] = std::max(scales[c], std::abs(bias[c]) / (input_scale * kLargestBias));
      }
      for (std::size_t k = 0; k < each; ++k) {
        steps[c * each + k] = static_cast<std::int8_t>(std::round(own[k] / scales[c]));
      }
    }
    const std::string suffix = "/" + std::to_string(index);  // weights may be shared, scales not
    to.inputs[1] = by_channel(from.inputs[1] + suffix, ElementType::Int8, stored.shape,
                              bytes_of(steps), scales);
    if (bias.empty()) return;
    std::vector<std::int32_t> bias_steps(channels);
    for (std::size_t c = 0; c < channels; ++c) {
      scales[c] *= input_scale;  // as ONNX Runtime wants it: a step of the sum
      bias_steps[c] = static_cast<std::int32_t>(std::lround(bias[c] / scales[c]));
    }
    to.inputs[2] = by_channel(from.inputs[2] + suffix, ElementType::Int32,
                              {static_cast<std::int64_t>(channels)}, bytes_of(bias_steps), scales);
  }

  /// Weights that are bytes now, unless another step still takes their floats.
  void drop_replaced() {
    for (const OnnxNode& node : graph_.nodes) {
      for (const std::string& input : node.inputs) replaced_.erase(input);
    }
    for (const std::string& name : replaced_) graph_.constants.erase(name);
  }

  OnnxGraph& graph_;
  const QuantizationPlan& plan_;
  std::string domain_;
  std::set<std::size_t> in_bytes_;
  std::set<std::string> made_of_bytes_;
  std::map<std::string, float> scales_;
  std::set<std::string> replaced_;
};

}  // namespace

OnnxGraph quantize(OnnxGraph graph, const QuantizationPlan& plan,
                   const std::map<std::string, ValueRange>& ranges) {
  Quantizer{graph, plan, ranges}.run();
  return graph;
}

}  // namespace bulkhead::deploy
