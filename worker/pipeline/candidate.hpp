#pragma once

#include <vector>

#include "common/detection.hpp"
#include "common/pipeline_spec.hpp"
#include "common/result.hpp"
#include "worker/canary/canary_run.hpp"
#include "worker/detect/detector.hpp"

namespace bulkhead::worker {

/// The root of `pipeline` as a candidate: by the same path from a picture to boxes as the session's
/// own, with its thresholds, region and masks. Errors: those of Detector::create.
[[nodiscard]] Result<CandidateModel> load_candidate(const PipelineSpec& pipeline,
                                                    const DetectorPlaces& places);

/// By the labels of `model`, which found them.
[[nodiscard]] std::vector<NamedBox> named_boxes(const std::vector<Object>& objects,
                                                const ModelCard& model);

}  // namespace bulkhead::worker
