#include "worker/detect/letterbox.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "common/limits.hpp"

namespace bulkhead::worker {
namespace {

struct Bgr {
  float blue = 0;
  float green = 0;
  float red = 0;
};

/// A picture whose colour is a function of the place, as one of the two formats.
template <class Colour>
Frame bgr_frame(std::uint32_t width, std::uint32_t height, Colour colour,
                std::size_t row_padding = 0) {
  const std::size_t stride = 3 * width + row_padding;
  auto pixels = std::make_shared<std::vector<std::uint8_t>>(stride * height, std::uint8_t{77});
  for (std::uint32_t y = 0; y < height; ++y) {
    for (std::uint32_t x = 0; x < width; ++x) {
      const Bgr at = colour(x, y);
      std::uint8_t* const pixel = pixels->data() + y * stride + 3 * x;
      pixel[0] = static_cast<std::uint8_t>(std::lround(at.blue));
      pixel[1] = static_cast<std::uint8_t>(std::lround(at.green));
      pixel[2] = static_cast<std::uint8_t>(std::lround(at.red));
    }
  }
  Frame frame;
  frame.width = width;
  frame.height = height;
  frame.format = PixelFormat::Bgr;
  frame.planes[0] = {pixels->data(), stride};
  frame.owner = pixels;
  return frame;
}

template <class Colour>
Frame i420_frame(std::uint32_t width, std::uint32_t height, Colour colour,
                 std::size_t row_padding = 0) {
  const std::uint32_t half_width = (width + 1) / 2;
  const std::uint32_t half_height = (height + 1) / 2;
  const std::size_t luma_stride = width + row_padding;
  const std::size_t chroma_stride = half_width + row_padding;
  auto pixels = std::make_shared<std::vector<std::uint8_t>>(
      luma_stride * height + 2 * chroma_stride * half_height, std::uint8_t{33});
  std::uint8_t* const luma = pixels->data();
  std::uint8_t* const u = luma + luma_stride * height;
  std::uint8_t* const v = u + chroma_stride * half_height;
  const auto byte = [](double value) {
    return static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0, 255.0)));
  };
  for (std::uint32_t y = 0; y < height; ++y) {
    for (std::uint32_t x = 0; x < width; ++x) {
      const Bgr at = colour(x, y);
      luma[y * luma_stride + x] = byte(16 + 0.257 * at.red + 0.504 * at.green + 0.098 * at.blue);
      const std::size_t chroma = y / 2 * chroma_stride + x / 2;
      u[chroma] = byte(128 - 0.148 * at.red - 0.291 * at.green + 0.439 * at.blue);
      v[chroma] = byte(128 + 0.439 * at.red - 0.368 * at.green - 0.071 * at.blue);
    }
  }
  Frame frame;
  frame.width = width;
  frame.height = height;
  frame.planes = {Plane{luma, luma_stride}, Plane{u, chroma_stride}, Plane{v, chroma_stride}};
  frame.owner = pixels;
  return frame;
}

float at(const Letterbox& letterbox, InputSize input, std::size_t plane, std::size_t x,
         std::size_t y) {
  return letterbox.planes()[(plane * input.height + y) * input.width + x];
}

constexpr auto kBlue = [](std::uint32_t, std::uint32_t) { return Bgr{250, 10, 20}; };
constexpr auto kSlopes = [](std::uint32_t x, std::uint32_t y) {
  return Bgr{static_cast<float>(x % 320) * 0.7F, static_cast<float>(y % 240) * 0.9F,
             128 + 60 * std::sin(static_cast<float>(x + y) * 0.02F)};
};

TEST(LetterboxTest, YoloXLiesTopLeftWithBlueFirstFromZeroTo255) {
  constexpr InputSize kModelInput{416, 416};
  Letterbox letterbox{kModelInput, Anchor::TopLeft, PixelRule::Bgr255};
  ASSERT_TRUE(letterbox.write(bgr_frame(640, 480, kBlue)));
  for (const auto& [x, y] : {std::pair{0U, 0U}, std::pair{415U, 311U}}) {
    EXPECT_FLOAT_EQ(at(letterbox, kModelInput, 0, x, y), 250);
    EXPECT_FLOAT_EQ(at(letterbox, kModelInput, 1, x, y), 10);
    EXPECT_FLOAT_EQ(at(letterbox, kModelInput, 2, x, y), 20);
  }
  for (std::size_t plane = 0; plane < 3; ++plane) {
    EXPECT_FLOAT_EQ(at(letterbox, kModelInput, plane, 0, 312), 114);
    EXPECT_FLOAT_EQ(at(letterbox, kModelInput, plane, 415, 415), 114);
  }
}

TEST(LetterboxTest, UltralyticsLiesInTheMiddleWithRedFirstFromZeroToOne) {
  constexpr InputSize kModelInput{640, 384};
  Letterbox letterbox{kModelInput, Anchor::Centre, PixelRule::Rgb1};
  ASSERT_TRUE(letterbox.write(bgr_frame(480, 480, kBlue)));
  // 384 × 384 in the middle of 640: columns 128 to 511.
  EXPECT_FLOAT_EQ(at(letterbox, kModelInput, 0, 128, 0), 20.0F / 255);
  EXPECT_FLOAT_EQ(at(letterbox, kModelInput, 2, 511, 383), 250.0F / 255);
  EXPECT_FLOAT_EQ(at(letterbox, kModelInput, 0, 127, 0), 114.0F / 255);
  EXPECT_FLOAT_EQ(at(letterbox, kModelInput, 2, 512, 383), 114.0F / 255);
}

TEST(LetterboxTest, LegacyYoloXWantsRedFirstLessTheMeanOfImageNet) {
  constexpr InputSize kModelInput{64, 64};
  Letterbox letterbox{kModelInput, Anchor::TopLeft, PixelRule::RgbImagenet};
  ASSERT_TRUE(letterbox.write(bgr_frame(64, 64, kBlue)));
  EXPECT_NEAR(at(letterbox, kModelInput, 0, 5, 5), (20 / 255.0 - 0.485) / 0.229, 1e-4);
  EXPECT_NEAR(at(letterbox, kModelInput, 1, 5, 5), (10 / 255.0 - 0.456) / 0.224, 1e-4);
  EXPECT_NEAR(at(letterbox, kModelInput, 2, 5, 5), (250 / 255.0 - 0.406) / 0.225, 1e-4);
}

TEST(LetterboxTest, BothFormatsOfOnePictureGiveTheSamePlanes) {
  constexpr InputSize kModelInput{416, 416};
  for (const auto& [width, height] : {std::pair{1280U, 720U}, std::pair{641U, 479U},
                                      std::pair{416U, 416U}, std::pair{160U, 120U}}) {
    Letterbox from_bgr{kModelInput, Anchor::Centre, PixelRule::Bgr255};
    Letterbox from_i420{kModelInput, Anchor::Centre, PixelRule::Bgr255};
    ASSERT_TRUE(from_bgr.write(bgr_frame(width, height, kSlopes, 5)));
    ASSERT_TRUE(from_i420.write(i420_frame(width, height, kSlopes, 7)));
    double sum = 0;
    for (std::size_t i = 0; i < from_bgr.planes().size(); ++i) {
      sum += std::abs(from_bgr.planes()[i] - from_i420.planes()[i]);
    }
    EXPECT_LT(sum / static_cast<double>(from_bgr.planes().size()), 1.5) << width << 'x' << height;
  }
}

TEST(LetterboxTest, BlackAndWhiteOfLimitedRangeAreZeroAnd255) {
  constexpr InputSize kModelInput{32, 32};
  for (const auto& [level, expected] : {std::pair{0.0F, 0.0F}, std::pair{255.0F, 255.0F}}) {
    Letterbox letterbox{kModelInput, Anchor::TopLeft, PixelRule::Bgr255};
    const Bgr grey{level, level, level};
    ASSERT_TRUE(letterbox.write(i420_frame(32, 32, [&](auto, auto) { return grey; })));
    for (const float value : letterbox.planes()) EXPECT_NEAR(value, expected, 1.0F);
  }
}

TEST(LetterboxTest, ABoxComesBackWhereItWasInTheFrame) {
  Letterbox letterbox{{640, 384}, Anchor::Centre, PixelRule::Rgb1};
  ASSERT_TRUE(letterbox.write(bgr_frame(960, 960, kBlue)));
  // 0.4 pixels for one, 128 columns of grey on the left.
  const Box box = letterbox.to_frame(128 + 40, 80, 128 + 80, 120);
  EXPECT_NEAR(box.x, 100, 1e-3);
  EXPECT_NEAR(box.y, 200, 1e-3);
  EXPECT_NEAR(box.w, 100, 1e-3);
  EXPECT_NEAR(box.h, 100, 1e-3);
}

TEST(LetterboxTest, BoxesAreClippedToTheFrame) {
  Letterbox letterbox{{416, 416}, Anchor::Centre, PixelRule::Rgb1};
  ASSERT_TRUE(letterbox.write(bgr_frame(832, 416, kBlue)));
  const Box over = letterbox.to_frame(-50, -50, 500, 500);
  EXPECT_FLOAT_EQ(over.x, 0);
  EXPECT_FLOAT_EQ(over.y, 0);
  EXPECT_FLOAT_EQ(over.w, 832);
  EXPECT_FLOAT_EQ(over.h, 416);
  EXPECT_FLOAT_EQ(letterbox.to_frame(10, 0, 50, 100).h, 0) << "all of it in the grey above";
}

TEST(LetterboxTest, AFrameOfAnotherShapeLeavesNothingOfTheOneBefore) {
  constexpr InputSize kModelInput{64, 64};
  Letterbox letterbox{kModelInput, Anchor::TopLeft, PixelRule::Bgr255};
  ASSERT_TRUE(letterbox.write(bgr_frame(64, 64, kBlue)));
  ASSERT_TRUE(letterbox.write(bgr_frame(64, 16, kBlue)));
  EXPECT_FLOAT_EQ(at(letterbox, kModelInput, 0, 0, 15), 250);
  EXPECT_FLOAT_EQ(at(letterbox, kModelInput, 0, 0, 16), 114);
  EXPECT_FLOAT_EQ(at(letterbox, kModelInput, 0, 63, 63), 114);
}

TEST(LetterboxTest, AVeryLongFrameKeepsAtLeastOneRow) {
  constexpr InputSize kModelInput{64, 64};
  Letterbox letterbox{kModelInput, Anchor::TopLeft, PixelRule::Bgr255};
  ASSERT_TRUE(letterbox.write(bgr_frame(limits::kFrameSide, 2, kBlue)));
  EXPECT_FLOAT_EQ(at(letterbox, kModelInput, 0, 10, 0), 250);
  EXPECT_FLOAT_EQ(at(letterbox, kModelInput, 0, 10, 1), 114);
}

TEST(LetterboxTest, FramesThatHoldNoPictureAreRefused) {
  Letterbox letterbox{{64, 64}, Anchor::TopLeft, PixelRule::Bgr255};
  const Frame good = i420_frame(16, 16, kBlue);
  Frame no_chroma = good;
  no_chroma.planes[2] = {};
  Frame no_width = good;
  no_width.width = 0;
  Frame too_large = good;
  too_large.height = limits::kFrameSide + 1;
  for (const Frame& frame : {Frame{}, no_chroma, no_width, too_large}) {
    const auto written = letterbox.write(frame);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::InvalidParams);
  }
  EXPECT_TRUE(letterbox.write(good));
}

}  // namespace
}  // namespace bulkhead::worker
