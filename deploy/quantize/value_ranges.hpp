#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "deploy/quantize/onnx_graph.hpp"

namespace bulkhead::deploy {

/// Between which values a tensor lies.
struct ValueRange {
  float low = 0;
  float high = 0;  // the range holds 0, so that a grey border or an empty channel is exact
};

/// Runs a model on pictures and notes between which values its tensors lie.
///
/// Of each picture the 0.01 % of values at either end are left out: one bright spot would take the
/// steps of all others. Used by one thread. No exception of the engine leaves it.
class RangeMeter {
 public:
  /// Errors: ModelInvalid with what ONNX Runtime said.
  static Result<RangeMeter> create(OnnxGraph graph, std::string input,
                                   std::vector<std::string> tensors);

  RangeMeter(RangeMeter&&) noexcept;
  RangeMeter& operator=(RangeMeter&&) noexcept;
  ~RangeMeter();

  /// `shape` is the input's: 1, 3, height, width. Errors: InferenceFailed.
  Result<> add(std::span<const float> planes, std::span<const std::int64_t> shape);

  [[nodiscard]] const std::map<std::string, ValueRange>& ranges() const noexcept;

 private:
  struct Parts;
  explicit RangeMeter(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace bulkhead::deploy
