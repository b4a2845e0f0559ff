#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "common/result.hpp"

namespace bulkhead::worker {

/// One dimension of a tensor as an .onnx file declares it.
struct Dimension {
  std::int64_t size = -1;  // -1: dynamic
  std::string name;        // of a dynamic one, e.g. "batch"; may be empty
};

/// A tensor that goes into or comes out of a model.
struct TensorDeclaration {
  std::string name;
  std::int32_t element_type = 0;  // ONNX's TensorProto.DataType; 1 is float
  std::vector<Dimension> dimensions;

  [[nodiscard]] bool is_float() const noexcept { return element_type == 1; }
};

/// What an .onnx file says of itself, read without any engine: OpenCV tells neither shapes nor
/// metadata, and both engines would open files that the model names before we could refuse them.
struct OnnxSignature {
  std::int64_t ir_version = 0;
  std::int64_t opset = 0;
  std::vector<TensorDeclaration> inputs;  // without the weights that old files list here
  std::vector<TensorDeclaration> outputs;
  std::map<std::string, std::string> metadata;
  bool external_weights = false;  // weights in other files, named by this one
  std::string signed_activation;  // a tensor that is slow in signed bytes; empty: none
};

/// Reads the outer layers of the file's protobuf. Bytes are untrusted: every length is checked,
/// and what is no ONNX model is ErrorCode::ModelInvalid with a sentence that says why.
[[nodiscard]] Result<OnnxSignature> read_onnx_signature(std::span<const std::byte> file);

/// For people: "images float32 [batch, 3, 640, 640]".
[[nodiscard]] std::string describe(const TensorDeclaration& tensor);

}  // namespace bulkhead::worker
