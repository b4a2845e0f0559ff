#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace bulkhead::worker {

/// The first tensor that a quantised model computes in signed bytes where ONNX Runtime has no fast
/// way to do so on x86-64; empty where there is none, as in every model of floats.
///
/// Measured with ONNX Runtime 1.30 and VNNI: signed activations of the form QOperator take 6 times
/// the time of floats and 20 times that of unsigned ones; those of the form QDQ are turned into
/// floats and back around each step, 2 times the time of floats, unless they go to one place
/// only: then the engine makes them unsigned by itself. Signed weights are what is wanted.
///
/// `file` is one that `read_onnx_signature` takes. Looks at the main graph, and at more than its
/// first pass only where something is quantised.
[[nodiscard]] std::string find_signed_activation(std::span<const std::byte> file);

}  // namespace bulkhead::worker
