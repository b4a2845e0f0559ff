#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "worker/frame/frame.hpp"
#include "worker/pipeline/luma_grid.hpp"

namespace bulkhead::worker {

/// Tells a camera that sends the same picture over and over from one that looks at a still scene.
///
/// Once a second it reads a grid of the picture's brightness. A picture is frozen when for
/// limits::kFrozenTime no more than 2 % of the points have ever left the value they had at the
/// start of that time by more than a lossy encoder does. Points that a clock burnt into the
/// picture changes count once, so that a clock alone does not make a picture live.
///
/// Used by the detect thread. Costs a few microseconds a second. A scene without noise or motion,
/// such as a dark room behind a strong encoder, is taken for frozen: nothing tells the two apart.
class FrozenPicture {
 public:
  /// True: it has just frozen. False: it moves again. Nothing: as before. A pause of the frames
  /// and another size begin anew.
  [[nodiscard]] std::optional<bool> observe(const Frame& frame);

 private:
  void begin(const Frame& frame, const LumaGrid& points);
  [[nodiscard]] std::size_t count_changed(const LumaGrid& points);

  std::optional<LumaGrid> reference_;
  std::array<bool, LumaGrid{}.size()> changed_{};
  std::uint32_t width_ = 0;
  std::uint32_t height_ = 0;
  std::int64_t since_ns_ = 0;
  std::int64_t looked_ns_ = 0;
  std::int64_t last_frame_ns_ = 0;
  bool frozen_ = false;
};

}  // namespace bulkhead::worker
