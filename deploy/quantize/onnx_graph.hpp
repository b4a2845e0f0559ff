#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"

namespace bulkhead::deploy {

/// ONNX's TensorProto.DataType, as far as it is met here.
enum class ElementType : std::uint64_t { Float = 1, Uint8 = 2, Int8 = 3, Int32 = 6 };

/// A constant of a graph.
struct OnnxTensor {
  std::string name;
  ElementType type = ElementType::Float;
  std::vector<std::int64_t> shape;
  std::string bytes;  // little-endian elements

  /// Empty where the elements are no floats, or not as many as the shape says.
  [[nodiscard]] std::vector<float> floats() const;
};

/// A step of a graph. Its attributes stay as they were read.
struct OnnxNode {
  std::string type;
  std::string name;
  std::string domain;  // empty: ONNX's own operators
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::vector<std::string> attributes;
};

/// A model that can be changed and written again. What is not looked at here is kept byte by byte.
struct OnnxGraph {
  std::vector<OnnxNode> nodes;  // each after those whose outputs it takes
  std::map<std::string, OnnxTensor, std::less<>> constants;  // those of floats, by name
  std::vector<std::string> added_outputs;  // tensors that come out besides the model's own
  std::int64_t opset = 0;
  bool uses_contrib = false;  // ONNX Runtime's own operators, domain com.microsoft

  /// ModelInvalid where `file` is no ONNX model.
  static Result<OnnxGraph> parse(std::span<const std::byte> file);

  /// The same graph is the same bytes.
  [[nodiscard]] std::string serialize() const;

 private:
  std::string rest_of_graph_;
  std::string rest_of_model_;
};

/// An attribute that is one integer.
[[nodiscard]] std::string integer_attribute(std::string_view name, std::int64_t value);

}  // namespace bulkhead::deploy
