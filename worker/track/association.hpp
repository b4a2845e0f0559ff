#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/detection.hpp"

namespace bulkhead::worker {

/// A box and what it is: of a track, where it is expected, or of an object that was found.
struct LabelledBox {
  Box box;
  std::uint16_t label_id = 0;
};

/// For each of `expected` the index of the one of `found` that is taken for it, or kUnassigned: of
/// the same label, overlapping by more than `least_overlap` (area shared over area covered), so
/// that the sum of overlaps beyond that is the greatest there is.
///
/// Boxes that can only meet among themselves are assigned by themselves: the time for a crowd is
/// that of its densest part. Pure.
[[nodiscard]] std::vector<std::int32_t> associate(const std::vector<LabelledBox>& expected,
                                                  const std::vector<LabelledBox>& found,
                                                  float least_overlap);

}  // namespace bulkhead::worker
