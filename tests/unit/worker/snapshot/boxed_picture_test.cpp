#include "worker/snapshot/boxed_picture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "tests/support/pictures.hpp"

namespace bulkhead::worker {
namespace {

constexpr std::uint8_t kGrey = 100;

class BoxedPictureTest : public testing::Test {
 protected:
  void draw(std::uint32_t width, std::uint32_t height, const std::vector<CaptionedBox>& boxes) {
    frame_ = test::plain_i420(7, width, height, kGrey);
    drawn_ = with_boxes(frame_, boxes);
  }

  [[nodiscard]] std::uint8_t luma(std::size_t x, std::size_t y) const {
    return drawn_.planes[0].pixels[y * drawn_.planes[0].stride + x];
  }

  [[nodiscard]] std::size_t pixels_changed(std::size_t plane, std::uint8_t plain) const {
    const std::size_t columns = plane == 0 ? frame_.width : (frame_.width + 1) / 2;
    const std::size_t rows = plane == 0 ? frame_.height : (frame_.height + 1) / 2;
    std::size_t changed = 0;
    for (std::size_t row = 0; row < rows; ++row) {
      const auto* from = drawn_.planes[plane].pixels + row * drawn_.planes[plane].stride;
      changed += columns - static_cast<std::size_t>(std::count(from, from + columns, plain));
    }
    return changed;
  }

  Frame frame_;
  Frame drawn_;
};

TEST_F(BoxedPictureTest, ABoxIsDrawnIntoACopyAndTheFrameStaysAsItIs) {
  draw(320, 240, {{.box = {100, 120, 60, 80}, .text = "person #7 0.91", .colour = 0}});
  for (const auto& [x, y] : {std::pair{100U, 160U}, {160U, 160U}, {130U, 120U}, {130U, 200U}}) {
    EXPECT_GT(luma(x, y), 150) << x << "," << y;
  }
  EXPECT_EQ(luma(130, 160), kGrey) << "what is in the box is to be seen";
  EXPECT_EQ(luma(20, 20), kGrey);
  EXPECT_GT(pixels_changed(1, 128), 0U) << "in colour";
  const auto* original = frame_.planes[0].pixels;
  for (std::size_t row = 0; row < 240; ++row) {
    const auto* from = original + row * frame_.planes[0].stride;
    ASSERT_EQ(std::count(from, from + 320, kGrey), 320) << "row " << row;
  }
  EXPECT_EQ(drawn_.id, 7U);
  EXPECT_EQ(drawn_.width, 320U);
}

TEST_F(BoxedPictureTest, TheTextStandsOnItsPlateAboveTheBoxOrInItWhereThereIsNoRoom) {
  draw(320, 240, {{.box = {100, 120, 60, 80}, .text = "person"}});
  const auto dark_in = [&](std::size_t from_row, std::size_t to_row) {
    std::size_t dark = 0;
    for (std::size_t y = from_row; y < to_row; ++y) {
      for (std::size_t x = 95; x < 200; ++x) dark += luma(x, y) < 60 ? 1 : 0;
    }
    return dark;
  };
  EXPECT_GT(dark_in(90, 119), 10U);
  draw(320, 240, {{.box = {100, 0, 60, 80}, .text = "person"}});
  EXPECT_GT(dark_in(1, 40), 10U);
}

// The planes have no room beside the picture, so that a sanitizer sees each byte too many.
TEST_F(BoxedPictureTest, NothingIsDrawnOutsideOfThePictureWhateverTheBoxAndTheSize) {
  constexpr float kHuge = std::numeric_limits<float>::max();
  const std::string longest(64, 'W');
  const std::vector<CaptionedBox> boxes{{.box = {-50, -50, 20, 20}, .text = longest},
                                        {.box = {0, 0, 1, 1}, .text = longest},
                                        {.box = {310, 230, 10, 10}, .text = longest},
                                        {.box = {-5, -5, 4000, 4000}, .text = longest},
                                        {.box = {5000, 5000, 10, 10}, .text = longest},
                                        {.box = {-kHuge, -kHuge, kHuge, kHuge}, .text = longest},
                                        {.box = {kHuge, kHuge, kHuge, kHuge}, .text = longest},
                                        {.box = {3, 3, 0, 0}, .text = "", .colour = 65535}};
  for (const auto& [width, height] : std::vector<std::pair<std::uint32_t, std::uint32_t>>{
           {1, 1}, {2, 2}, {1, 241}, {321, 1}, {3, 5}, {321, 241}, {320, 240}}) {
    draw(width, height, boxes);
    EXPECT_EQ(drawn_.planes[0].stride, width);
    EXPECT_EQ(drawn_.planes[1].stride, (width + 1) / 2);
    EXPECT_EQ(drawn_.planes[2].pixels - drawn_.planes[1].pixels,
              static_cast<std::ptrdiff_t>(drawn_.planes[1].stride) *
                  static_cast<std::ptrdiff_t>((height + 1) / 2));
    EXPECT_GT(pixels_changed(0, kGrey), 0U) << width << "x" << height;
  }
}

TEST_F(BoxedPictureTest, WithoutBoxesItIsTheSamePicture) {
  draw(321, 241, {});
  EXPECT_EQ(pixels_changed(0, kGrey) + pixels_changed(1, 128) + pixels_changed(2, 128), 0U);
}

}  // namespace
}  // namespace bulkhead::worker
