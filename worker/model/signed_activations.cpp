#include "worker/model/signed_activations.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string_view>
#include <vector>

#include "worker/model/protobuf_reader.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::uint64_t kInt8Type = 3;  // ONNX's TensorProto.DataType

/// A step of the graph, as far as it matters here.
struct GraphStep {
  std::string type;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::uint64_t stored_type = 0;  // of the tensor that it holds or is told to make; 0: none

  [[nodiscard]] std::string input(std::size_t i) const {
    return i < inputs.size() ? inputs[i] : std::string{};
  }
};

std::uint64_t element_type_of(std::span<const std::byte> tensor) {
  std::uint64_t type = 0;
  each_field(tensor, [&](const ProtobufField& field) {
    if (field.is_integer(2)) type = field.integer;
  });
  return type;
}

GraphStep read_step(std::span<const std::byte> message) {
  GraphStep step;
  each_field(message, [&](const ProtobufField& field) {
    if (field.is_message(1)) step.inputs.push_back(field.text());
    if (field.is_message(2)) step.outputs.push_back(field.text());
    if (field.is_message(4)) step.type = field.text();
    if (!field.is_message(5)) return;
    std::string name;
    std::uint64_t type = 0;
    each_field(field.bytes, [&](const ProtobufField& attribute) {
      if (attribute.is_message(1)) name = attribute.text();
      if (attribute.is_integer(3)) type = attribute.integer;
      if (attribute.is_message(5)) type = element_type_of(attribute.bytes);
    });
    if (name == "value" || name == "output_dtype") step.stored_type = type;
  });
  return step;
}

template <class Visit>
void each_of_graph(std::span<const std::byte> file, std::uint64_t number, Visit visit) {
  each_field(file, [&](const ProtobufField& field) {
    if (!field.is_message(7)) return;
    each_field(field.bytes, [&](const ProtobufField& part) {
      if (part.is_message(number)) visit(part.bytes);
    });
  });
}

class SignedActivations {
 public:
  explicit SignedActivations(std::span<const std::byte> file) : file_{file} {
    each_of_graph(file, 1, [this](std::span<const std::byte> message) {
      GraphStep step = read_step(message);
      if (is_quantised(step.type)) steps_.push_back(std::move(step));
    });
  }

  std::string first() {
    if (steps_.empty()) return {};
    read_constants_and_uses();
    const auto found = std::ranges::find_if(steps_, [this](const GraphStep& step) {
      if (step.type == "QuantizeLinear") return is_slow_quantization(step);
      return step.type != "DequantizeLinear" && is_int8(step.input(2));  // the zero point
    });
    return found == steps_.end() ? std::string{} : found->input(0);
  }

 private:
  static bool is_quantised(std::string_view type) {
    return type == "QuantizeLinear" || type == "DequantizeLinear" || type == "QLinearConv" ||
           type == "QLinearMatMul" || type == "ConvInteger" || type == "MatMulInteger";
  }

  void read_constants_and_uses() {
    each_of_graph(file_, 5, [this](std::span<const std::byte> tensor) {
      std::string name;
      each_field(tensor, [&](const ProtobufField& field) {
        if (field.is_message(8)) name = field.text();
      });
      constants_[name] = element_type_of(tensor);
    });
    each_of_graph(file_, 1, [this](std::span<const std::byte> message) {
      const GraphStep step = read_step(message);
      for (const std::string& input : step.inputs) ++uses_[input];
      if (step.type != "Constant") return;
      for (const std::string& output : step.outputs) constants_[output] = step.stored_type;
    });
    for (const GraphStep& step : steps_) {
      if (step.type != "DequantizeLinear") continue;
      if (std::ranges::any_of(step.outputs,
                              [this](const auto& name) { return is_used_often(name); })) {
        forked_.insert(step.input(0));
      }
    }
  }

  [[nodiscard]] bool is_int8(const std::string& name) const {
    const auto constant = constants_.find(name);
    return constant != constants_.end() && constant->second == kInt8Type;
  }

  [[nodiscard]] bool is_slow_quantization(const GraphStep& step) const {
    if (constants_.contains(step.input(0)) || step.outputs.empty()) return false;
    if (!is_int8(step.input(2)) && step.stored_type != kInt8Type) return false;
    return is_used_often(step.outputs[0]) || forked_.contains(step.outputs[0]);
  }

  [[nodiscard]] bool is_used_often(const std::string& name) const {
    const auto uses = uses_.find(name);
    return uses != uses_.end() && uses->second > 1;
  }

  std::span<const std::byte> file_;
  std::vector<GraphStep> steps_;
  std::map<std::string, std::uint64_t> constants_;  // and their types
  std::map<std::string, std::size_t> uses_;
  std::set<std::string> forked_;  // bytes whose floats go to several places
};

}  // namespace

std::string find_signed_activation(std::span<const std::byte> file) {
  return SignedActivations{file}.first();
}

}  // namespace bulkhead::worker
