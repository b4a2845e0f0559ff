#pragma once

#include <optional>
#include <vector>

#include "common/detection.hpp"
#include "common/frame_rules.hpp"
#include "worker/cascade/crop.hpp"
#include "worker/detect/detector.hpp"
#include "worker/frame/frame.hpp"

namespace bulkhead::worker {

/// What of each picture the detector sees, and whom of those that it finds there are none.
///
/// A region is cut out before the picture is scaled, so that the same model sees more of it. An
/// object whose foot, the middle of its lower side, lies in a mask is dropped: it is not tracked,
/// not told and nobody looks at it further. A value used by the detect thread.
class PicturePart {
 public:
  explicit PicturePart(const FrameRules& rules) : region_{rules.region}, masks_{rules.masks} {}

  [[nodiscard]] bool is_whole() const noexcept { return !region_ && masks_.empty(); }

  /// The region, or all of the frame; not copied.
  [[nodiscard]] Crop cut(const Frame& frame) const;

  /// Objects found in `view` become those of `frame`, without those that stand in a mask.
  void place(const Crop& view, const Frame& frame, std::vector<Object>& objects) const;

 private:
  std::optional<Region> region_;
  std::vector<std::vector<Point>> masks_;
};

/// What `detector` finds in the part of the frame, in pixels of the whole. Errors: those of
/// Detector::detect.
[[nodiscard]] Result<std::vector<Object>> detect_part(Detector& detector, const PicturePart& part,
                                                      const Frame& frame);

}  // namespace bulkhead::worker
