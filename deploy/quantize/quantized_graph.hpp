#pragma once

#include <map>
#include <string>

#include "deploy/quantize/onnx_graph.hpp"
#include "deploy/quantize/quantization_plan.hpp"
#include "deploy/quantize/value_ranges.hpp"

namespace bulkhead::deploy {

/// The same graph with what the plan names in bytes (form QDQ): weights signed, symmetric, with a
/// scale for each output channel; all other tensors unsigned, with one scale over their range.
/// Unsigned, because ONNX Runtime computes signed ones two to six times slower than floats on
/// x86-64. `ranges` has one for every tensor of the plan.
[[nodiscard]] OnnxGraph quantize(OnnxGraph graph, const QuantizationPlan& plan,
                                 const std::map<std::string, ValueRange>& ranges);

}  // namespace bulkhead::deploy
