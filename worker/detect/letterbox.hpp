#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "common/detection.hpp"
#include "common/result.hpp"
#include "worker/detect/inference_backend.hpp"
#include "worker/frame/frame.hpp"
#include "worker/model/model_catalog.hpp"

namespace bulkhead::worker {

/// Where the picture lies in the model's input; the rest is grey.
enum class Anchor {
  TopLeft,  // YOLOX
  Centre,   // Ultralytics
  Stretch,  // nothing is grey and proportions are not kept: classifiers and readers
};

/// Scales a frame to the input of a model, its proportions kept but for Anchor::Stretch, and writes
/// it as three planes of floats.
///
/// Owned by a Detector and used by its thread. One tensor is written again and again. I420 is
/// scaled before its colour is converted, so a full-size colour picture never exists. Colour is
/// taken as BT.601 of limited range, as OpenCV and FFmpeg take it where a stream does not say.
class Letterbox {
 public:
  Letterbox(InputSize input, Anchor anchor, PixelRule rule);

  /// Fills the tensor from `frame`, which may change size and format from call to call. Error:
  /// InvalidParams for a frame without pixels or larger than limits::kFrameSide.
  Result<void> write(const Frame& frame);

  /// 3 × height × width; grey all over before the first `write`.
  [[nodiscard]] std::span<const float> planes() const noexcept { return tensor_; }

  /// The corners of a box in the last written tensor, as a box in pixels of its frame, clipped to
  /// the frame: nothing of it may remain.
  [[nodiscard]] Box to_frame(float left, float top, float right, float bottom) const noexcept;

 private:
  /// What becomes of one channel: value × scale + shift, into one plane.
  struct Channel {
    std::size_t plane = 0;
    float scale = 1;
    float shift = 0;
  };
  struct Placement {
    std::uint32_t left = 0;
    std::uint32_t top = 0;
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    bool operator==(const Placement&) const = default;
  };

  void place(std::uint32_t frame_width, std::uint32_t frame_height);
  void fill_grey() noexcept;
  void write_i420(const Frame& frame);
  void write_bgr(const Frame& frame);
  [[nodiscard]] float* row(const Channel& channel, std::size_t y) noexcept;
  Plane scaled(const Frame& frame, std::size_t plane);

  InputSize input_;
  Anchor anchor_;
  std::array<Channel, 3> channels_;  // of blue, green, red
  std::vector<float> tensor_;
  std::array<std::vector<std::uint8_t>, 3> scaled_;  // planes at the size they have in the tensor
  Placement placement_;
  std::uint32_t frame_width_ = 0;
  std::uint32_t frame_height_ = 0;
  float x_ratio_ = 1;  // pixels of the tensor for one of the frame
  float y_ratio_ = 1;  // differs by the rounding to whole pixels
};

}  // namespace bulkhead::worker
