#include "worker/cascade/crop.hpp"

#include <gtest/gtest.h>

#include "tests/support/pictures.hpp"

namespace bulkhead::worker {
namespace {

using test::plain_bgr;
using test::plain_i420;

TEST(CropTest, ACropPointsIntoTheFrameAndKeepsItAlive) {
  Frame frame = plain_bgr(7, 10, 8, 1, 2, 3);
  const std::uint8_t* const first = frame.planes[0].pixels;
  const auto part = crop(frame, {3, 2, 4, 5}, 0);
  frame = {};
  ASSERT_TRUE(part);
  EXPECT_EQ(part->frame.id, 7U);
  EXPECT_EQ(part->frame.width, 4U);
  EXPECT_EQ(part->frame.height, 5U);
  EXPECT_EQ(part->left, 3);
  EXPECT_EQ(part->top, 2);
  EXPECT_EQ(part->frame.planes[0].pixels, first + 2 * 30 + 3 * 3);
  EXPECT_EQ(part->frame.planes[0].pixels[0], 1);
  EXPECT_EQ(part->frame.planes[0].pixels[2], 3);
}

TEST(CropTest, ColourOfHalfSizeBeginsAtEvenPixels) {
  const Frame frame = plain_i420(1, 20, 20, 100, 50, 200);
  const auto part = crop(frame, {5, 7, 4, 4}, 0);
  ASSERT_TRUE(part);
  EXPECT_EQ(part->left, 4);
  EXPECT_EQ(part->top, 6);
  EXPECT_EQ(part->frame.width, 6U);   // 4 to 10, for 5 to 9 was asked
  EXPECT_EQ(part->frame.height, 6U);  // 6 to 12
  EXPECT_EQ(part->frame.planes[1].pixels, frame.planes[1].pixels + 3 * frame.planes[1].stride + 2);
  EXPECT_EQ(part->frame.planes[1].pixels[0], 50);
  EXPECT_EQ(part->frame.planes[2].pixels[0], 200);
}

TEST(CropTest, TheLastColumnOfAnOddPictureIsReached) {
  const auto part = crop(plain_i420(1, 15, 11, 100), {8, 6, 7, 5}, 0);
  ASSERT_TRUE(part);
  EXPECT_EQ(part->frame.width, 7U);
  EXPECT_EQ(part->frame.height, 5U);
}

TEST(CropTest, PaddingIsAPartOfTheSideAndEndsAtTheFrame) {
  const Frame frame = plain_bgr(1, 100, 100, 0, 0, 0);
  const auto inside = crop(frame, {40, 40, 20, 10}, 0.5F);
  ASSERT_TRUE(inside);
  EXPECT_EQ(inside->left, 30);
  EXPECT_EQ(inside->top, 35);
  EXPECT_EQ(inside->frame.width, 40U);
  EXPECT_EQ(inside->frame.height, 20U);
  const auto corner = crop(frame, {90, 95, 20, 10}, 1);
  ASSERT_TRUE(corner);
  EXPECT_EQ(corner->left, 70);
  EXPECT_EQ(corner->frame.width, 30U);
  EXPECT_EQ(corner->frame.height, 15U);
}

TEST(CropTest, NothingIsLeftOfABoxBesideTheFrame) {
  const Frame frame = plain_bgr(1, 10, 10, 0, 0, 0);
  EXPECT_FALSE(crop(frame, {20, 0, 5, 5}, 0));
  EXPECT_FALSE(crop(frame, {-9, 0, 5, 5}, 0));
  EXPECT_FALSE(crop(frame, {3, 3, 0, 5}, 0));
}

}  // namespace
}  // namespace bulkhead::worker
