#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "common/detection.hpp"
#include "worker/frame/frame.hpp"

namespace bulkhead::worker {

/// A box and what is written at it: ASCII; other characters come out as question marks.
struct CaptionedBox {
  Box box;  // pixels of the frame; what is outside of it is not drawn
  std::string text;
  std::uint16_t colour = 0;  // the same number, the same colour; there are a few, again and again
};

/// A copy of an I420 frame with boxes and their texts drawn into its planes; the frame itself,
/// which others look at, stays as it is. Lines and letters grow with the picture.
[[nodiscard]] Frame with_boxes(const Frame& frame, std::span<const CaptionedBox> boxes);

}  // namespace bulkhead::worker
