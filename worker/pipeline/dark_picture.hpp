#pragma once

#include <cstdint>
#include <optional>

#include "worker/frame/frame.hpp"
#include "worker/pipeline/luma_grid.hpp"

namespace bulkhead::worker {

/// Notices a camera that sees nothing: its picture is black, or its lens is covered.
///
/// Once a second it reads a grid of the picture's brightness. The picture shows nothing when nearly
/// all of its points are black, or when they are all nearly alike, whatever their brightness: a
/// hand, a bag or paint before a lens is out of focus and has no detail. It is said once that has
/// been so for limits::kDarkTime, and taken back once it was clearly otherwise for
/// limits::kSeesAgainTime, so that a passing car's lamps or a noise near the threshold say nothing.
///
/// Black is FFmpeg's: 98 % of the points below 10 % of video's range of 16 to 235 (defaults of its
/// filter blackdetect). Alike is ours: a standard deviation of less than 6 of 255. A sensor's noise
/// at night has 2 to 4; the dullest ordinary scenes, such as a wall or fog, have more than 10.
///
/// Used by the detect thread. A dark, still scene without any lamp is taken for covered, rightly:
/// nothing can be detected in it. One where a camera switches to infrared is not.
class DarkPicture {
 public:
  /// True: it has just become dark. False: it shows something again. Nothing: as before.
  [[nodiscard]] std::optional<bool> observe(const Frame& frame);

 private:
  enum class Sight { Nothing, Unclear, Something };

  [[nodiscard]] static Sight look(const LumaGrid& points);

  std::optional<std::int64_t> since_ns_;  // when the looks began to speak against what was said
  std::int64_t looked_ns_ = 0;
  bool dark_ = false;
};

}  // namespace bulkhead::worker
