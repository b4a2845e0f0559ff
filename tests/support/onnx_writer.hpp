#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bulkhead::test {

/// Writes small ONNX files, so that tests need no models from elsewhere. Field numbers are those
/// of onnx.proto.
class OnnxWriter {
 public:
  struct Tensor {
    std::string name;
    std::vector<std::string> dimensions;  // a number, a name, or empty for one without either
    int element_type = 1;                 // float
  };

  OnnxWriter& input(const Tensor& tensor) {
    graph_ += field(11, declaration(tensor));
    return *this;
  }
  OnnxWriter& output(const Tensor& tensor) {
    graph_ += field(12, declaration(tensor));
    return *this;
  }
  OnnxWriter& metadata(std::string_view key, std::string_view value) {
    model_ += field(14, field(1, key) + field(2, value));
    return *this;
  }
  /// A weight of floats, stored in the file.
  OnnxWriter& weight(std::string_view name, const std::vector<std::uint64_t>& shape,
                     const std::vector<float>& values) {
    std::string tensor;
    for (const std::uint64_t side : shape) tensor += integer(1, side);
    const std::string raw{reinterpret_cast<const char*>(values.data()),
                          values.size() * sizeof(float)};
    graph_ += field(5, tensor + integer(2, 1) + field(8, name) + field(9, raw));
    return *this;
  }
  /// A weight that lies in the file `location`.
  OnnxWriter& external_weight(std::string_view name, std::string_view location) {
    const std::string entry = field(1, "location") + field(2, location);
    graph_ += field(
        5, integer(1, 1) + integer(2, 1) + field(8, name) + field(13, entry) + integer(14, 1));
    return *this;
  }
  OnnxWriter& node(std::string_view type, std::string_view from, std::string_view to) {
    return raw_node(field(1, from) + field(2, to) + field(3, std::string{to} + "_node") +
                    field(4, type));
  }
  /// A node of several inputs.
  OnnxWriter& step(std::string_view type, const std::vector<std::string>& from,
                   std::string_view to) {
    std::string inputs;
    for (const std::string& input : from) inputs += field(1, input);
    return raw_node(inputs + field(2, to) + field(3, std::string{to} + "_node") + field(4, type));
  }
  /// A stored constant of one element, all bits 0, of ONNX's TensorProto.DataType.
  OnnxWriter& zero(std::string_view name, std::uint64_t element_type) {
    graph_ += field(5, zero_tensor(name, element_type));
    return *this;
  }
  /// The same as the output of a node.
  OnnxWriter& zero_node(std::string_view name, std::uint64_t element_type) {
    constexpr std::uint64_t kTensor = 4;  // AttributeProto.AttributeType
    return raw_node(field(2, name) + field(4, "Constant") +
                    field(5, field(1, "value") + field(5, zero_tensor("", element_type)) +
                                 integer(20, kTensor)));
  }
  /// A node with an attribute that holds a subgraph.
  OnnxWriter& node_with_subgraph(std::string_view subgraph) {
    return raw_node(field(5, field(1, "body") + field(6, subgraph)));
  }

  [[nodiscard]] std::string graph() const { return graph_; }
  [[nodiscard]] std::string bytes() const {
    constexpr std::uint64_t kIrVersion = 7;
    constexpr std::uint64_t kOpset = 11;
    return integer(1, kIrVersion) + model_ + field(7, graph_ + field(2, "graph")) +
           field(8, integer(2, kOpset));
  }

 private:
  OnnxWriter& raw_node(const std::string& node) {
    graph_ += field(1, node);
    return *this;
  }
  static std::string zero_tensor(std::string_view name, std::uint64_t element_type) {
    const std::size_t bytes = element_type == 1 ? sizeof(float) : 1;
    return integer(2, element_type) + field(8, name) + field(9, std::string(bytes, '\0'));
  }
  static std::string varint(std::uint64_t value) {
    std::string bytes;
    for (; value >= 0x80; value >>= 7) bytes += static_cast<char>((value & 0x7F) | 0x80);
    return bytes + static_cast<char>(value);
  }
  static std::string integer(std::uint64_t number, std::uint64_t value) {
    return varint(number << 3) + varint(value);
  }
  static std::string field(std::uint64_t number, std::string_view bytes) {
    return varint((number << 3) | 2) + varint(bytes.size()) + std::string{bytes};
  }
  static std::string declaration(const Tensor& tensor) {
    std::string shape;
    for (const std::string& side : tensor.dimensions) {
      const bool number = !side.empty() && side.front() >= '0' && side.front() <= '9';
      const std::string named = side.empty() ? "" : field(2, side);
      shape += field(1, number ? integer(1, std::stoull(side)) : named);
    }
    const std::string type =
        integer(1, static_cast<std::uint64_t>(tensor.element_type)) + field(2, shape);
    return field(1, tensor.name) + field(2, field(1, type));
  }

  std::string model_;
  std::string graph_;
};

}  // namespace bulkhead::test
