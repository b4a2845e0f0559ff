#include "worker/model/onnx_signature.hpp"

#include <set>
#include <string_view>
#include <utility>

#include "common/limits.hpp"
#include "common/redaction.hpp"
#include "worker/model/protobuf_reader.hpp"
#include "worker/model/signed_activations.hpp"

namespace bulkhead::worker {

namespace {

using Bytes = std::span<const std::byte>;

constexpr int kSubgraphDepth = 16;  // If and Loop inside each other
constexpr std::size_t kNameBytes = 64;

/// Fills a signature. One object reads one file; `sound` stays true while all bytes fit.
class SignatureReader {
 public:
  OnnxSignature signature;
  bool sound = true;
  bool has_graph = false;

  // Numbers of fields are those of onnx.proto, which never change.
  void model(Bytes message) {
    each(message, [this](const ProtobufField& field) {
      if (field.is_integer(1)) signature.ir_version = static_cast<std::int64_t>(field.integer);
      if (field.is_message(8)) opset(field.bytes);
      if (field.is_message(14)) metadata(field.bytes);
      if (field.is_message(25)) nodes_of(field.bytes, 7, 0);  // a function's body
      if (field.is_message(7)) {
        has_graph = true;
        graph(field.bytes, 0);
      }
    });
    std::erase_if(signature.inputs, [this](const TensorDeclaration& input) {
      return initializers_.contains(input.name);
    });
  }

 private:
  template <class Visit>
  void each(Bytes message, Visit visit) {
    if (!each_field(message, visit)) sound = false;
  }

  void opset(Bytes message) {
    std::string domain;
    std::int64_t version = 0;
    each(message, [&](const ProtobufField& field) {
      if (field.is_message(1)) domain = field.text();
      if (field.is_integer(2)) version = static_cast<std::int64_t>(field.integer);
    });
    if (domain.empty() || domain == "ai.onnx") signature.opset = version;
  }

  void metadata(Bytes message) {
    std::string key;
    std::string value;
    each(message, [&](const ProtobufField& field) {
      if (field.is_message(1)) key = field.text();
      if (field.is_message(2)) value = field.text();
    });
    signature.metadata[std::move(key)] = std::move(value);
  }

  void graph(Bytes message, int depth) {
    each(message, [this, depth](const ProtobufField& field) {
      if (field.is_message(5)) tensor(field.bytes, depth);
      if (field.is_message(15)) sparse_tensor(field.bytes, depth);
      if (depth > 0) return;
      if (field.is_message(11)) signature.inputs.push_back(value_declaration(field.bytes));
      if (field.is_message(12)) signature.outputs.push_back(value_declaration(field.bytes));
    });
    nodes_of(message, 1, depth);
  }

  void nodes_of(Bytes message, std::uint64_t node_field, int depth) {
    each(message, [this, node_field, depth](const ProtobufField& field) {
      if (field.is_message(node_field)) node(field.bytes, depth);
    });
  }

  void node(Bytes message, int depth) {
    each(message, [this, depth](const ProtobufField& field) {
      if (field.is_message(5)) attribute(field.bytes, depth);
    });
  }

  void attribute(Bytes message, int depth) {
    each(message, [this, depth](const ProtobufField& field) {
      if (field.is_message(5) || field.is_message(10)) tensor(field.bytes, depth + 1);
      if (field.is_message(22) || field.is_message(23)) sparse_tensor(field.bytes, depth + 1);
      if (!field.is_message(6) && !field.is_message(11)) return;
      if (depth >= kSubgraphDepth) {
        sound = false;
      } else {
        graph(field.bytes, depth + 1);
      }
    });
  }

  void sparse_tensor(Bytes message, int depth) {
    each(message, [this, depth](const ProtobufField& field) {
      if (field.is_message(1) || field.is_message(2)) tensor(field.bytes, depth);
    });
  }

  void tensor(Bytes message, int depth) {
    each(message, [this, depth](const ProtobufField& field) {
      if (field.is_message(8) && depth == 0) initializers_.insert(field.text());
      if (field.is_message(13)) signature.external_weights = true;
      if (field.is_integer(14) && field.integer != 0) signature.external_weights = true;
    });
  }

  TensorDeclaration value_declaration(Bytes message) {
    TensorDeclaration declared;
    each(message, [&](const ProtobufField& field) {
      if (field.is_message(1)) declared.name = field.text();
      if (field.is_message(2)) type(field.bytes, declared);
    });
    return declared;
  }

  void type(Bytes message, TensorDeclaration& declared) {
    each(message, [&](const ProtobufField& outer) {
      if (!outer.is_message(1)) return;  // sequences, maps: no tensor, element type stays 0
      each(outer.bytes, [&](const ProtobufField& field) {
        if (field.is_integer(1)) declared.element_type = static_cast<std::int32_t>(field.integer);
        if (field.is_message(2)) shape(field.bytes, declared);
      });
    });
  }

  void shape(Bytes message, TensorDeclaration& declared) {
    each(message, [&](const ProtobufField& outer) {
      if (!outer.is_message(1)) return;
      Dimension dimension;
      each(outer.bytes, [&](const ProtobufField& field) {
        if (field.is_integer(1)) dimension.size = static_cast<std::int64_t>(field.integer);
        if (field.is_message(2)) dimension.name = field.text();
      });
      if (dimension.size <= 0) dimension.size = -1;
      declared.dimensions.push_back(std::move(dimension));
    });
  }

  std::set<std::string> initializers_;
};

std::string_view element_name(std::int32_t type) {
  switch (type) {
    case 1:
      return "float32";
    case 2:
      return "uint8";
    case 3:
      return "int8";
    case 6:
      return "int32";
    case 7:
      return "int64";
    case 9:
      return "bool";
    case 10:
      return "float16";
    case 11:
      return "float64";
    case 16:
      return "bfloat16";
    default:
      return "";
  }
}

}  // namespace

Result<OnnxSignature> read_onnx_signature(std::span<const std::byte> file) {
  SignatureReader reader;
  reader.model(file);
  if (!reader.sound || !reader.has_graph) {
    return Error{ErrorCode::ModelInvalid,
                 "is no ONNX model: " + std::to_string(file.size()) +
                     " bytes that are another format, or a download that was cut short",
                 {}};
  }
  if (reader.signature.inputs.empty() || reader.signature.outputs.empty()) {
    return Error{ErrorCode::ModelInvalid, "is an ONNX file without inputs or outputs", {}};
  }
  reader.signature.signed_activation = find_signed_activation(file);
  return std::move(reader.signature);
}

std::string describe(const TensorDeclaration& tensor) {
  std::string text = printable_text(tensor.name, kNameBytes) + ' ';
  const std::string_view element = element_name(tensor.element_type);
  text += element.empty() ? "type " + std::to_string(tensor.element_type) : std::string{element};
  text += " [";
  for (const Dimension& dimension : tensor.dimensions) {
    if (text.back() != '[') text += ", ";
    if (dimension.size > 0) {
      text += std::to_string(dimension.size);
    } else {
      text += dimension.name.empty() ? "?" : printable_text(dimension.name, kNameBytes);
    }
  }
  return text + ']';
}

}  // namespace bulkhead::worker
