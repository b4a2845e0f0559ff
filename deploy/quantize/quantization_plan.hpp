#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "deploy/quantize/onnx_graph.hpp"

namespace bulkhead::deploy {

/// What of a graph is computed in bytes.
///
/// Convolutions with stored weights are, but for the one that takes the picture: its three channels
/// are too few for what makes bytes fast. So is what only moves, adds or multiplies the results of
/// such convolutions on their way to the next one, so that nothing turns into floats in between.
/// What comes after the last convolution stays as it was: there are coordinates of hundreds of
/// pixels beside scores below 1, and what decodes boxes by a softmax.
struct QuantizationPlan {
  std::vector<std::size_t> convolutions;  // indices of nodes
  std::vector<std::size_t> others;

  /// The tensors that are bytes, and the name of the scale that each has. Those that are only
  /// moved, or put beside each other, have one scale: then bytes are copied and not computed anew.
  std::map<std::string, std::string> scale_of;
};

[[nodiscard]] QuantizationPlan plan_quantization(const OnnxGraph& graph);

}  // namespace bulkhead::deploy
