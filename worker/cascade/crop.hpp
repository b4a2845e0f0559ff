#pragma once

#include <optional>

#include "common/detection.hpp"
#include "worker/frame/frame.hpp"

namespace bulkhead::worker {

/// A part of a frame, not copied: its planes point into those of the frame, which it keeps alive.
struct Crop {
  Frame frame;
  float left = 0;  // of its corner in the frame, pixels
  float top = 0;
};

/// What of `frame` shows `box`, with `padding` of its width and height added on each side, cut at
/// the frame's edges. Corners go outwards to whole pixels, and to even ones where the frame's
/// colour is of half size. Nothing where no pixel is left.
[[nodiscard]] std::optional<Crop> crop(const Frame& frame, const Box& box, float padding);

}  // namespace bulkhead::worker
