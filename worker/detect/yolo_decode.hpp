#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "common/class_threshold.hpp"
#include "worker/detect/inference_backend.hpp"
#include "worker/detect/nms.hpp"

namespace bulkhead::worker {

/// Strides of the three grids of cells that every supported detector predicts on.
inline constexpr std::array<std::uint32_t, 3> kStrides{8, 16, 32};

/// Which boxes are worth a candidate.
struct DecodeFilter {
  LabelThreshold min_confidence;    // at least this
  std::vector<bool> wanted_labels;  // by label id; empty: all
  bool every_class = false;         // a box for each class that is confident enough, not the best
};

/// Each function appends to `out` the boxes of one layout of output, corners in pixels of the
/// model's input. Boxes with coordinates that are no
/// finite numbers are dropped. `classes` fits the tensor: `plan_output` saw to it.

/// `1×N×(5+C)`, raw: x, y relative to their cell and in strides, width and height as logarithms.
void decode_yolox(const OutputView& output, std::uint32_t classes, InputSize input,
                  const DecodeFilter& filter, std::vector<Candidate>& out);

/// Of the four points that some models give of an object between objectness and classes.
inline constexpr std::uint32_t kLandmarkFields = 8;

/// `1×N×(5+S+C)`: centre, size, objectness, `skipped` fields that say nothing of box and label,
/// classes.
void decode_yolov5(const OutputView& output, std::uint32_t classes, std::uint32_t skipped,
                   const DecodeFilter& filter, std::vector<Candidate>& out);

/// `1×(4+C)×N`: centre, size, classes, each as a row over all boxes.
void decode_yolov8(const OutputView& output, std::uint32_t classes, const DecodeFilter& filter,
                   std::vector<Candidate>& out);

/// `1×N×6`: corners, confidence, class. Overlaps are suppressed already. A class that is none of
/// `classes` is dropped.
void decode_end_to_end(const OutputView& output, std::uint32_t classes, const DecodeFilter& filter,
                       std::vector<Candidate>& out);

}  // namespace bulkhead::worker
