#include "deploy/quantize/onnx_graph.hpp"

#include <cstring>
#include <functional>
#include <numeric>
#include <utility>

#include "worker/model/protobuf_reader.hpp"

namespace bulkhead::deploy {

namespace {

using worker::each_field;
using worker::ProtobufField;
using worker::ProtobufReader;
using worker::Wire;
using Bytes = std::span<const std::byte>;

constexpr std::string_view kContribDomain = "com.microsoft";

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>((value & 0x7F) | 0x80);
  return bytes + static_cast<char>(value);
}

std::string integer(std::uint64_t number, std::uint64_t value) {
  return varint(number << 3) + varint(value);
}

std::string field(std::uint64_t number, std::string_view bytes) {
  return varint(number << 3 | 2) + varint(bytes.size()) + std::string{bytes};
}

/// A field as it was read.
std::string again(const ProtobufField& read) {
  if (read.wire == Wire::Varint) return integer(read.number, read.integer);
  if (read.wire == Wire::Sized) return field(read.number, read.text());
  return varint(read.number << 3 | static_cast<std::uint64_t>(read.wire)) + read.text();
}

// Numbers of fields are those of onnx.proto.

bool read_shape(const ProtobufField& field, std::vector<std::int64_t>& shape) {
  if (field.wire == Wire::Varint) {
    shape.push_back(static_cast<std::int64_t>(field.integer));
    return true;
  }
  ProtobufReader packed{field.bytes};
  while (!packed.at_end()) shape.push_back(static_cast<std::int64_t>(packed.varint()));
  return !packed.broken();
}

bool read_tensor(Bytes message, OnnxTensor& tensor) {
  bool sound = true;
  const bool read = each_field(message, [&](const ProtobufField& field) {
    if (field.number == 1) sound = read_shape(field, tensor.shape) && sound;
    if (field.is_integer(2)) tensor.type = static_cast<ElementType>(field.integer);
    if (field.number == 4) tensor.bytes += field.text();  // floats one by one, or packed
    if (field.is_message(8)) tensor.name = field.text();
    if (field.is_message(9)) tensor.bytes = field.text();
  });
  return read && sound;
}

std::string written(const OnnxTensor& tensor) {
  std::string text;
  for (const std::int64_t side : tensor.shape) text += integer(1, static_cast<std::uint64_t>(side));
  return text + integer(2, static_cast<std::uint64_t>(tensor.type)) + field(8, tensor.name) +
         field(9, tensor.bytes);
}

bool read_node(Bytes message, OnnxNode& node) {
  return each_field(message, [&](const ProtobufField& field) {
    if (field.is_message(1)) node.inputs.push_back(field.text());
    if (field.is_message(2)) node.outputs.push_back(field.text());
    if (field.is_message(3)) node.name = field.text();
    if (field.is_message(4)) node.type = field.text();
    if (field.is_message(5)) node.attributes.push_back(field.text());
    if (field.is_message(7)) node.domain = field.text();
  });
}

std::string written(const OnnxNode& node) {
  std::string text;
  for (const std::string& input : node.inputs) text += field(1, input);
  for (const std::string& output : node.outputs) text += field(2, output);
  text += field(3, node.name) + field(4, node.type);
  for (const std::string& attribute : node.attributes) text += field(5, attribute);
  if (!node.domain.empty()) text += field(7, node.domain);
  return text;
}

}  // namespace

std::vector<float> OnnxTensor::floats() const {
  const auto count =
      std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies{});
  if (type != ElementType::Float || count < 0 ||
      static_cast<std::size_t>(count) != bytes.size() / sizeof(float)) {
    return {};
  }
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

Result<OnnxGraph> OnnxGraph::parse(std::span<const std::byte> file) {
  OnnxGraph graph;
  bool sound = true;
  const auto read_graph = [&](const ProtobufField& field) {
    if (field.is_message(1)) {
      sound = read_node(field.bytes, graph.nodes.emplace_back()) && sound;
    } else if (field.is_message(5)) {
      OnnxTensor tensor;
      sound = read_tensor(field.bytes, tensor) && sound;
      if (tensor.type != ElementType::Float) {
        // Indices, sizes: never changed here, so kept as they are, in whatever form they are.
        graph.rest_of_graph_ += again(field);
      } else {
        graph.constants[tensor.name] = std::move(tensor);
      }
    } else {
      graph.rest_of_graph_ += again(field);
    }
  };
  const bool read = each_field(file, [&](const ProtobufField& field) {
    if (field.is_message(7)) {
      sound = each_field(field.bytes, read_graph) && sound;
      return;
    }
    if (field.is_message(8)) {
      std::string domain;
      std::int64_t version = 0;
      each_field(field.bytes, [&](const ProtobufField& entry) {
        if (entry.is_message(1)) domain = entry.text();
        if (entry.is_integer(2)) version = static_cast<std::int64_t>(entry.integer);
      });
      if (domain.empty() || domain == "ai.onnx") graph.opset = version;
      if (domain == kContribDomain) {
        graph.uses_contrib = true;
        return;
      }
    }
    graph.rest_of_model_ += again(field);
  });
  if (!read || !sound) return Error{ErrorCode::ModelInvalid, "is no ONNX model", {}};
  return graph;
}

std::string OnnxGraph::serialize() const {
  std::string graph;
  for (const OnnxNode& node : nodes) graph += field(1, written(node));
  graph += rest_of_graph_;
  for (const auto& [name, tensor] : constants) graph += field(5, written(tensor));
  for (const std::string& name : added_outputs) graph += field(12, field(1, name));
  std::string model = rest_of_model_ + field(7, graph);
  if (uses_contrib) model += field(8, field(1, kContribDomain) + integer(2, 1));
  return model;
}

std::string integer_attribute(std::string_view name, std::int64_t value) {
  constexpr std::uint64_t kInteger = 2;  // AttributeProto.AttributeType
  return field(1, name) + integer(3, static_cast<std::uint64_t>(value)) + integer(20, kInteger);
}

}  // namespace bulkhead::deploy
