#include "worker/snapshot/boxed_picture.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <memory>
#include <opencv2/imgproc.hpp>
#include <vector>

namespace bulkhead::worker {

namespace {

constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;
constexpr int kBlack = 16;  // of limited range
constexpr float kLineOfHeight = 1.0F / 360;
constexpr double kLetterOfHeight = 1.0 / 1200;  // OpenCV's letters are 22 pixels high at scale 1
constexpr double kLeastLetter = 0.4;

struct Colour {
  int y = 0;
  int u = 0;
  int v = 0;
};

/// Bright ones of BT.601 in limited range, so that black letters can be read on them: yellow, cyan,
/// green, orange, pink, white.
constexpr std::array kColours{Colour{210, 16, 146}, Colour{170, 166, 16},  Colour{145, 54, 34},
                              Colour{165, 42, 179}, Colour{170, 150, 180}, Colour{235, 128, 128}};

/// The planes of an I420 picture, to be drawn into. Chroma has half the size, rounded up.
class Canvas {
 public:
  explicit Canvas(const Frame& frame)
      : width_{static_cast<int>(frame.width)},
        height_{static_cast<int>(frame.height)},
        pixels_{std::make_shared<std::vector<std::uint8_t>>(bytes_of(frame))} {
    std::uint8_t* out = pixels_->data();
    for (std::size_t i = 0; i < planes_.size(); ++i) {
      const int columns = i == 0 ? width_ : (width_ + 1) / 2;
      const int rows = i == 0 ? height_ : (height_ + 1) / 2;
      planes_[i] = cv::Mat{rows, columns, CV_8UC1, out};
      for (int row = 0; row < rows; ++row) {
        const auto* from =
            frame.planes[i].pixels + static_cast<std::size_t>(row) * frame.planes[i].stride;
        out = std::copy_n(from, columns, out);
      }
    }
  }

  [[nodiscard]] int width() const noexcept { return width_; }
  [[nodiscard]] int height() const noexcept { return height_; }

  /// OpenCV itself leaves out what is outside of a plane.
  void outline(const cv::Rect& box, const Colour& colour, int thickness) {
    cv::rectangle(planes_[0], box, cv::Scalar(colour.y), thickness);
    const int thin = std::max(1, thickness / 2);
    cv::rectangle(planes_[1], half(box), cv::Scalar(colour.u), thin);
    cv::rectangle(planes_[2], half(box), cv::Scalar(colour.v), thin);
  }

  void fill(const cv::Rect& box, const Colour& colour) { outline(box, colour, cv::FILLED); }

  void write(const std::string& text, const cv::Point& at, double scale, int thickness) {
    cv::putText(planes_[0], text, at, kFont, scale, cv::Scalar(kBlack), thickness, cv::LINE_AA);
  }

  [[nodiscard]] Frame frame_of(const Frame& original) && {
    Frame drawn = original;
    for (std::size_t i = 0; i < planes_.size(); ++i) {
      drawn.planes[i] = {planes_[i].data, planes_[i].step};
    }
    drawn.owner = std::move(pixels_);
    return drawn;
  }

 private:
  static std::size_t bytes_of(const Frame& frame) {
    const std::size_t chroma =
        std::size_t{(frame.width + 1) / 2} * std::size_t{(frame.height + 1) / 2};
    return std::size_t{frame.width} * frame.height + 2 * chroma;
  }

  static cv::Rect half(const cv::Rect& box) {
    return {box.x / 2, box.y / 2, std::max(1, box.width / 2), std::max(1, box.height / 2)};
  }

  int width_;
  int height_;
  std::shared_ptr<std::vector<std::uint8_t>> pixels_;
  std::array<cv::Mat, 3> planes_;
};

int pixel(float place, int side) {
  return static_cast<int>(std::lround(std::clamp(place, 0.0F, static_cast<float>(side - 1))));
}

/// Its whole pixels within the picture: one at least, for a box at the edge may have less.
cv::Rect within(const Box& box, const Canvas& canvas) {
  const cv::Point from{pixel(box.x, canvas.width()), pixel(box.y, canvas.height())};
  const cv::Point to{pixel(box.x + box.w, canvas.width()), pixel(box.y + box.h, canvas.height())};
  return {from.x, from.y, to.x - from.x + 1, to.y - from.y + 1};
}

void draw(Canvas& canvas, const CaptionedBox& captioned) {
  const Colour& colour = kColours[captioned.colour % kColours.size()];
  const auto height = static_cast<float>(canvas.height());
  const int line = std::max(1, static_cast<int>(std::lround(height * kLineOfHeight)));
  const cv::Rect box = within(captioned.box, canvas);
  canvas.outline(box, colour, line);
  if (captioned.text.empty()) return;

  const double scale = std::max(kLeastLetter, canvas.height() * kLetterOfHeight);
  int below = 0;
  const cv::Size letters = cv::getTextSize(captioned.text, kFont, scale, line, &below);
  const int plate_height = letters.height + below + 2 * line;
  // Above the box, or in it where there is no room; and as far to the left as its end needs.
  const int x = std::max(0, std::min(box.x, canvas.width() - letters.width - line));
  const int y = box.y >= plate_height ? box.y - plate_height : box.y;
  canvas.fill({x, y, letters.width + line, plate_height}, colour);
  canvas.write(captioned.text, {x, y + letters.height + line}, scale, line);
}

}  // namespace

Frame with_boxes(const Frame& frame, std::span<const CaptionedBox> boxes) {
  assert(frame.format == PixelFormat::I420);
  Canvas canvas{frame};
  for (const CaptionedBox& box : boxes) draw(canvas, box);
  return std::move(canvas).frame_of(frame);
}

}  // namespace bulkhead::worker
