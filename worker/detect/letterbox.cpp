#include "worker/detect/letterbox.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <string>

#include "common/limits.hpp"
#include "worker/detect/vector_clones.hpp"

namespace bulkhead::worker {

namespace {

constexpr float kGrey = 114;  // of the padding; both families were trained with it
constexpr float kMax = 255;

// BT.601, limited range: black is 16, white 235, colour differences lie around 128.
constexpr float kLuma = 255.0F / 219.0F;
constexpr float kRedOfV = 1.596027F;
constexpr float kGreenOfV = -0.812968F;
constexpr float kGreenOfU = -0.391762F;
constexpr float kBlueOfU = 2.017232F;

/// ImageNet's mean and standard deviation, red green blue, of values from 0 to 1.
constexpr std::array<float, 3> kMean{0.485F, 0.456F, 0.406F};
constexpr std::array<float, 3> kDeviation{0.229F, 0.224F, 0.225F};

struct Scaling {
  float scale;
  float shift;
};

Scaling scaling_of(PixelRule rule, std::size_t rgb_index) {
  switch (rule) {
    case PixelRule::Rgb1:
    case PixelRule::Bgr1:
      return {1 / kMax, 0};
    case PixelRule::RgbImagenet:
      return {1 / (kMax * kDeviation[rgb_index]), -kMean[rgb_index] / kDeviation[rgb_index]};
    case PixelRule::Bgr255:
    case PixelRule::Rgb255:
      break;
  }
  return {1, 0};
}

cv::Mat view(const Plane& plane, std::uint32_t width, std::uint32_t height, int type) {
  // OpenCV has no read-only Mat; nothing here writes through this one.
  return {static_cast<int>(height), static_cast<int>(width), type,
          const_cast<std::uint8_t*>(plane.pixels), plane.stride};
}

std::uint32_t half(std::uint32_t side) { return (side + 1) / 2; }

/// side × to / from as the family's training had it: YOLOX cuts, Ultralytics rounds. One row more
/// or less shifts every box a little; on COCO it is 0.7 points of AP50.
std::uint32_t scaled_side(std::uint32_t side, std::uint32_t to, std::uint32_t from, Anchor anchor) {
  const std::uint64_t rounding = anchor == Anchor::TopLeft ? 0 : from / 2;
  const std::uint64_t scaled = (std::uint64_t{side} * to + rounding) / from;
  return static_cast<std::uint32_t>(std::max<std::uint64_t>(scaled, 1));
}

/// One row of three planes to three rows of floats; compilers make vectors of it.
BULKHEAD_VECTOR_CLONES
void convert_row(const std::uint8_t* __restrict y, const std::uint8_t* __restrict u,
                 const std::uint8_t* __restrict v, std::size_t count,
                 const std::array<float* __restrict, 3>& out, const std::array<Scaling, 3>& by) {
  float* __restrict blue = out[0];
  float* __restrict green = out[1];
  float* __restrict red = out[2];
  const auto clamped = [](float value) { return std::min(std::max(value, 0.0F), kMax); };
  for (std::size_t i = 0; i < count; ++i) {
    const float luma = (static_cast<float>(y[i]) - 16) * kLuma;
    const float du = static_cast<float>(u[i]) - 128;
    const float dv = static_cast<float>(v[i]) - 128;
    blue[i] = clamped(luma + kBlueOfU * du) * by[0].scale + by[0].shift;
    green[i] = clamped(luma + kGreenOfU * du + kGreenOfV * dv) * by[1].scale + by[1].shift;
    red[i] = clamped(luma + kRedOfV * dv) * by[2].scale + by[2].shift;
  }
}

}  // namespace

Letterbox::Letterbox(InputSize input, Anchor anchor, PixelRule rule)
    : input_{input}, anchor_{anchor}, tensor_(input.tensor_floats()) {
  const bool blue_first = rule == PixelRule::Bgr255 || rule == PixelRule::Bgr1;
  for (std::size_t bgr = 0; bgr < channels_.size(); ++bgr) {
    const std::size_t rgb = 2 - bgr;
    const Scaling scaling = scaling_of(rule, rgb);
    channels_[bgr] = {blue_first ? bgr : rgb, scaling.scale, scaling.shift};
  }
  fill_grey();
}

void Letterbox::fill_grey() noexcept {
  const std::size_t plane_floats = tensor_.size() / channels_.size();
  for (const Channel& channel : channels_) {
    std::fill_n(tensor_.begin() + static_cast<std::ptrdiff_t>(channel.plane * plane_floats),
                plane_floats, kGrey * channel.scale + channel.shift);
  }
}

void Letterbox::place(std::uint32_t frame_width, std::uint32_t frame_height) {
  if (frame_width == frame_width_ && frame_height == frame_height_) return;
  frame_width_ = frame_width;
  frame_height_ = frame_height;
  Placement placement{0, 0, input_.width, input_.height};
  // Whole numbers: 640 × (416 / 640) in floats may fall just short of 416.
  const bool is_wide =
      std::uint64_t{input_.width} * frame_height <= std::uint64_t{input_.height} * frame_width;
  if (anchor_ != Anchor::Stretch && is_wide) {
    placement.height = scaled_side(frame_height, input_.width, frame_width, anchor_);
  } else if (anchor_ != Anchor::Stretch) {
    placement.width = scaled_side(frame_width, input_.height, frame_height, anchor_);
  }
  if (anchor_ == Anchor::Centre) {
    placement.left = (input_.width - placement.width) / 2;
    placement.top = (input_.height - placement.height) / 2;
  }
  x_ratio_ = static_cast<float>(placement.width) / static_cast<float>(frame_width);
  y_ratio_ = static_cast<float>(placement.height) / static_cast<float>(frame_height);
  // The grey around the picture stays as it is from frame to frame.
  if (placement != placement_) fill_grey();
  placement_ = placement;
}

Result<void> Letterbox::write(const Frame& frame) {
  const std::size_t planes = frame.format == PixelFormat::I420 ? 3 : 1;
  const bool whole = std::all_of(frame.planes.begin(), frame.planes.begin() + planes,
                                 [](const Plane& plane) { return plane.pixels != nullptr; });
  if (!whole || frame.width == 0 || frame.height == 0 || frame.width > limits::kFrameSide ||
      frame.height > limits::kFrameSide) {
    return Error{ErrorCode::InvalidParams,
                 "a frame of " + std::to_string(frame.width) + "x" + std::to_string(frame.height) +
                     " cannot be scaled; sides are 1 to " + std::to_string(limits::kFrameSide),
                 {}};
  }
  place(frame.width, frame.height);
  try {
    if (frame.format == PixelFormat::I420) {
      write_i420(frame);
    } else {
      write_bgr(frame);
    }
  } catch (const std::exception& error) {
    return Error{
        ErrorCode::Internal, std::string{"a frame could not be scaled: "} + error.what(), {}};
  }
  return {};
}

Plane Letterbox::scaled(const Frame& frame, std::size_t plane) {
  const bool chroma = plane > 0;
  const std::uint32_t width = chroma ? half(frame.width) : frame.width;
  const std::uint32_t height = chroma ? half(frame.height) : frame.height;
  const Plane& source = frame.planes[plane];
  if (width == placement_.width && height == placement_.height) return source;
  std::vector<std::uint8_t>& pixels = scaled_[plane];
  pixels.resize(std::size_t{placement_.width} * placement_.height);
  const Plane result{pixels.data(), placement_.width};
  cv::Mat into = view(result, placement_.width, placement_.height, CV_8UC1);
  cv::resize(view(source, width, height, CV_8UC1), into, into.size(), 0, 0, cv::INTER_LINEAR);
  return result;
}

float* Letterbox::row(const Channel& channel, std::size_t y) noexcept {
  const std::size_t line = channel.plane * input_.height + placement_.top + y;
  return tensor_.data() + line * input_.width + placement_.left;
}

void Letterbox::write_i420(const Frame& frame) {
  const std::array<Plane, 3> yuv{scaled(frame, 0), scaled(frame, 1), scaled(frame, 2)};
  std::array<Scaling, 3> by{};
  for (std::size_t i = 0; i < by.size(); ++i) by[i] = {channels_[i].scale, channels_[i].shift};
  for (std::size_t y = 0; y < placement_.height; ++y) {
    convert_row(yuv[0].pixels + y * yuv[0].stride, yuv[1].pixels + y * yuv[1].stride,
                yuv[2].pixels + y * yuv[2].stride, placement_.width,
                {row(channels_[0], y), row(channels_[1], y), row(channels_[2], y)}, by);
  }
}

void Letterbox::write_bgr(const Frame& frame) {
  const cv::Mat source = view(frame.planes[0], frame.width, frame.height, CV_8UC3);
  const cv::Size size{static_cast<int>(placement_.width), static_cast<int>(placement_.height)};
  cv::Mat small = source;
  if (source.size() != size) cv::resize(source, small, size, 0, 0, cv::INTER_LINEAR);
  std::array<cv::Mat, 3> split;
  cv::split(small, split.data());
  for (std::size_t i = 0; i < split.size(); ++i) {
    const Channel& channel = channels_[i];
    cv::Mat into{size, CV_32FC1, row(channel, 0), input_.width * sizeof(float)};
    split[i].convertTo(into, CV_32FC1, channel.scale, channel.shift);
  }
}

Box Letterbox::to_frame(float left, float top, float right, float bottom) const noexcept {
  const auto width = static_cast<float>(frame_width_);
  const auto height = static_cast<float>(frame_height_);
  const auto x0 = static_cast<float>(placement_.left);
  const auto y0 = static_cast<float>(placement_.top);
  const float x1 = std::clamp((left - x0) / x_ratio_, 0.0F, width);
  const float y1 = std::clamp((top - y0) / y_ratio_, 0.0F, height);
  const float x2 = std::clamp((right - x0) / x_ratio_, 0.0F, width);
  const float y2 = std::clamp((bottom - y0) / y_ratio_, 0.0F, height);
  return {x1, y1, x2 - x1, y2 - y1};
}

}  // namespace bulkhead::worker
