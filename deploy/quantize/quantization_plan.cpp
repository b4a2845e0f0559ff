#include "deploy/quantize/quantization_plan.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace bulkhead::deploy {

namespace {

// Of the operators that ONNX Runtime computes in bytes, those that detectors are made of.
constexpr std::array<std::string_view, 6> kMoving{"MaxPool", "Resize",  "Split",
                                                  "Slice",   "Reshape", "Transpose"};
constexpr std::array<std::string_view, 4> kComputing{"Add", "Concat", "Mul", "Sigmoid"};

template <std::size_t count>
bool is_among(const std::array<std::string_view, count>& types, const OnnxNode& node) {
  return node.domain.empty() && std::ranges::find(types, node.type) != types.end();
}

/// Names that stand for one thing, each set by one of them.
class SharedNames {
 public:
  std::string find(const std::string& name) const {
    const auto other = other_.find(name);
    return other == other_.end() ? name : find(other->second);
  }
  void join(const std::string& one, const std::string& two) {
    const std::string root = find(one);
    if (root != find(two)) other_[root] = find(two);
  }

 private:
  std::map<std::string, std::string> other_;
};

class Planner {
 public:
  explicit Planner(const OnnxGraph& graph)
      : graph_{graph},
        is_convolution_(graph.nodes.size()),
        in_bytes_(graph.nodes.size()),
        leads_on_(graph.nodes.size()) {
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
      for (const std::string& output : graph.nodes[i].outputs) producer_[output] = i;
      for (const std::string& input : graph.nodes[i].inputs) consumers_[input].push_back(i);
      // Its input was made before, so its producer is known already.
      is_convolution_[i] = is_convolution(graph.nodes[i]);
    }
  }

  QuantizationPlan plan() {
    choose();
    drop_what_leads_to_floats();
    QuantizationPlan plan;
    SharedNames scales;
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (!in_bytes_[i]) continue;
      const OnnxNode& node = graph_.nodes[i];
      (is_convolution_[i] ? plan.convolutions : plan.others).push_back(i);
      for (const std::string& input : pictures_of(node)) plan.scale_of[input] = {};
      for (const std::string& output : node.outputs) plan.scale_of[output] = {};
      if (!is_among(kMoving, node) && node.type != "Concat") continue;
      for (const std::string& input : pictures_of(node)) scales.join(input, node.outputs[0]);
      for (const std::string& output : node.outputs) scales.join(output, node.outputs[0]);
    }
    for (auto& [tensor, scale] : plan.scale_of) scale = scales.find(tensor);
    return plan;
  }

 private:
  void choose() {
    for (std::size_t i = graph_.nodes.size(); i-- > 0;) {
      leads_on_[i] = is_consumed(i, [this](std::size_t consumer) {
        return leads_on_[consumer] || is_convolution_[consumer];
      });
    }
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      const OnnxNode& node = graph_.nodes[i];
      if (is_convolution_[i]) {
        in_bytes_[i] = true;
      } else if (leads_on_[i] && (is_among(kMoving, node) || is_among(kComputing, node))) {
        in_bytes_[i] = std::ranges::all_of(pictures_of(node), [this](const std::string& input) {
          const auto producer = producer_.find(input);
          return producer != producer_.end() && in_bytes_[producer->second];
        });
      }
    }
  }

  void drop_what_leads_to_floats() {
    for (std::size_t i = graph_.nodes.size(); i-- > 0;) {
      if (is_convolution_[i]) continue;
      in_bytes_[i] = in_bytes_[i] &&
                     is_consumed(i, [this](std::size_t consumer) { return in_bytes_[consumer]; });
    }
  }

  template <class Predicate>
  bool is_consumed(std::size_t node, Predicate by) const {
    return std::ranges::any_of(graph_.nodes[node].outputs, [&](const std::string& output) {
      const auto consumers = consumers_.find(output);
      return consumers != consumers_.end() && std::ranges::any_of(consumers->second, by);
    });
  }

  /// The inputs of a node that are no weights, sizes or indices.
  static std::vector<std::string> pictures_of(const OnnxNode& node) {
    if (is_among(kComputing, node)) return node.inputs;
    return {node.inputs.front()};
  }

  /// One that can be computed in bytes.
  bool is_convolution(const OnnxNode& node) const {
    if (node.type != "Conv" || !node.domain.empty() || node.inputs.size() < 2) return false;
    if (!producer_.contains(node.inputs[0]) || decodes_boxes(node)) return false;
    return std::all_of(node.inputs.begin() + 1, node.inputs.end(), [this](const std::string& name) {
      const auto constant = graph_.constants.find(name);
      return constant != graph_.constants.end() && !constant->second.floats().empty();
    });
  }

  /// Ultralytics' heads take the mean of a softmax by a convolution with the weights 0, 1, 2 …
  bool decodes_boxes(const OnnxNode& node) const {
    const auto producer = producer_.find(node.inputs[0]);
    if (producer == producer_.end()) return false;
    const OnnxNode& before = graph_.nodes[producer->second];
    if (before.type == "Softmax") return true;
    const bool moves = before.type == "Reshape" || before.type == "Transpose";
    return moves && decodes_boxes(before);
  }

  const OnnxGraph& graph_;
  std::map<std::string, std::size_t> producer_;
  std::map<std::string, std::vector<std::size_t>> consumers_;
  std::vector<bool> is_convolution_;
  std::vector<bool> in_bytes_;
  std::vector<bool> leads_on_;  // to a further convolution
};

}  // namespace

QuantizationPlan plan_quantization(const OnnxGraph& graph) { return Planner{graph}.plan(); }

}  // namespace bulkhead::deploy
