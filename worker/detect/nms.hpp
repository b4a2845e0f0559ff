#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/class_threshold.hpp"

namespace bulkhead::worker {

/// One box a model proposes: corners in pixels of its input.
struct Candidate {
  float left = 0;
  float top = 0;
  float right = 0;
  float bottom = 0;
  float confidence = 0;
  std::uint16_t label_id = 0;
};

/// Area both share over the area either covers; 0 where both are empty.
[[nodiscard]] float intersection_over_union(const Candidate& a, const Candidate& b) noexcept;

/// Sorts by falling confidence and keeps the first `most`. Equal confidences are ordered by label
/// and place, so the result does not depend on the order that came in.
void keep_best(std::vector<Candidate>& candidates, std::size_t most);

/// Non-maximum suppression, in place: of boxes with one label that overlap by more than `max_iou`
/// of that label only the most confident stays. Looks at the best `most_candidates`, leaves at most
/// `most_objects`, by falling confidence.
void suppress_overlaps(std::vector<Candidate>& candidates, const LabelThreshold& max_iou,
                       std::size_t most_candidates, std::size_t most_objects);

}  // namespace bulkhead::worker
