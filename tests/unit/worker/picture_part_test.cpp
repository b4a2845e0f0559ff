#include "worker/pipeline/picture_part.hpp"

#include <gtest/gtest.h>

#include "tests/support/pictures.hpp"

namespace bulkhead::worker {
namespace {

Object standing_at(float x, float y) {
  Object object;
  object.box = {x - 10, y - 40, 20, 40};
  return object;
}

FrameRules masked(std::vector<std::vector<Point>> masks) {
  return {.every_n = 1, .motion = {}, .region = {}, .masks = std::move(masks)};
}

TEST(PicturePartTest, WithoutRulesThePictureIsWhole) {
  EXPECT_TRUE(PicturePart{FrameRules{}}.is_whole());
}

TEST(PicturePartTest, ARegionIsCutOutWithoutACopyAndBoxesComeBackInThePicture) {
  FrameRules rules;
  rules.region = Region{0.5F, 0.25F, 1, 0.75F};
  const PicturePart part{rules};
  ASSERT_FALSE(part.is_whole());
  const Frame frame = test::plain_i420(1, 640, 480, 128);
  const Crop view = part.cut(frame);
  EXPECT_EQ(view.frame.width, 320U);
  EXPECT_EQ(view.frame.height, 240U);
  EXPECT_EQ(view.frame.planes[0].pixels,
            frame.planes[0].pixels + 120 * frame.planes[0].stride + 320);
  std::vector<Object> objects{standing_at(100, 50)};
  part.place(view, frame, objects);
  EXPECT_EQ(objects.at(0).box.x, 90 + 320);
  EXPECT_EQ(objects.at(0).box.y, 10 + 120);
  EXPECT_EQ(objects.at(0).box.w, 20);
  EXPECT_EQ(objects.at(0).box.h, 40);
}

TEST(PicturePartTest, TheSmallestRegionOfASmallPictureHasAPixel) {
  FrameRules rules;
  rules.region = Region{0.99F, 0.99F, 1, 1};
  const Crop view = PicturePart{rules}.cut(test::plain_i420(1, 16, 16, 128));
  EXPECT_GE(view.frame.width, 1U);
  EXPECT_LE(view.frame.width, 2U);
}

TEST(PicturePartTest, WhoStandsInAMaskIsDroppedAndWhoOnlyReachesIntoItStays) {
  const PicturePart part{masked({{{0, 0}, {1, 0}, {1, 0.5F}, {0, 0.5F}}})};
  const Frame frame = test::plain_i420(1, 100, 100, 128);
  std::vector<Object> objects{standing_at(50, 49), standing_at(50, 51)};
  part.place(part.cut(frame), frame, objects);
  ASSERT_EQ(objects.size(), 1U);
  EXPECT_EQ(objects[0].box.y, 11) << "its head is in the mask, its foot is not";
}

TEST(PicturePartTest, EachMaskCountsAndSoDoesTheLastRowOfThePicture) {
  const PicturePart part{
      masked({{{0, 0}, {0.1F, 0}, {0.1F, 0.1F}}, {{0, 0.9F}, {1, 0.9F}, {1, 1}, {0, 1}}})};
  const Frame frame = test::plain_i420(1, 100, 100, 128);
  std::vector<Object> objects{standing_at(50, 100), standing_at(50, 89)};
  part.place(part.cut(frame), frame, objects);
  ASSERT_EQ(objects.size(), 1U);
  EXPECT_EQ(objects[0].box.y, 49);
}

TEST(PicturePartTest, MasksLieInThePictureAndNotInItsRegion) {
  FrameRules rules = masked({{{0, 0}, {0.5F, 0}, {0.5F, 1}, {0, 1}}});
  rules.region = Region{0.4F, 0, 1, 1};
  const PicturePart part{rules};
  const Frame frame = test::plain_i420(1, 100, 100, 128);
  const Crop view = part.cut(frame);
  std::vector<Object> objects{standing_at(5, 60), standing_at(15, 60)};
  part.place(view, frame, objects);
  ASSERT_EQ(objects.size(), 1U);
  EXPECT_EQ(objects[0].box.x, 45);
}

}  // namespace
}  // namespace bulkhead::worker
