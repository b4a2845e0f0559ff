#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "common/detection.hpp"

namespace bulkhead::worker {

/// One thing that a model found. By name, for two models may number their labels differently.
struct NamedBox {
  Box box;
  std::string label;
};

/// What two models say of one frame.
struct FrameAgreement {
  std::size_t matches = 0;
  std::size_t boxes = 0;  // of both

  /// F1, which favours neither: 1 where each box has its like, also where there is none at all.
  [[nodiscard]] double f1() const noexcept {
    return boxes == 0 ? 1 : 2 * static_cast<double>(matches) / static_cast<double>(boxes);
  }
};

/// Boxes of one label that share limits::kCanaryIou of what either covers are the same thing; the
/// best pair first, each box once. Pure.
[[nodiscard]] FrameAgreement agreement_of(const std::vector<NamedBox>& one,
                                          const std::vector<NamedBox>& other);

}  // namespace bulkhead::worker
