#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/pipeline_spec.hpp"
#include "common/result.hpp"
#include "worker/detect/inference_backend.hpp"

namespace bulkhead::worker {

/// How to read a model's first output.
struct OutputPlan {
  OutputLayout family = OutputLayout::YoloX;    // what the model is; says how pixels go in
  OutputLayout decoding = OutputLayout::YoloX;  // how boxes come out
  std::uint32_t classes = 0;
};

/// Tells the layout by the shape that `output`, of a run on an empty picture, really has, and by
/// the metadata that Ultralytics writes. `wanted` other than Auto is taken if the shape allows it.
/// YOLOX exported with its decoding inside differs from the raw one in its values alone: those of
/// the empty picture tell. Error: ModelInvalid with what was found and what can be done.
[[nodiscard]] Result<OutputPlan> plan_output(const OnnxSignature& model, const OutputView& output,
                                             InputSize input, OutputLayout wanted);

}  // namespace bulkhead::worker
