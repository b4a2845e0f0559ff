#include "common/plane_geometry.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numbers>
#include <vector>

namespace bulkhead {
namespace {

constexpr std::array<Point, 4> kSquare{Point{0.2F, 0.2F}, {0.6F, 0.2F}, {0.6F, 0.6F}, {0.2F, 0.6F}};

TEST(PlaneGeometry, APointIsInAPolygonWhicheverWayItsCornersGoRound) {
  const std::vector<Point> backwards{kSquare.rbegin(), kSquare.rend()};
  for (const auto& [point, is_in] : {std::pair{Point{0.4F, 0.4F}, true},
                                     {Point{0.1F, 0.4F}, false},
                                     {Point{0.7F, 0.4F}, false},
                                     {Point{0.4F, 0.1F}, false},
                                     {Point{0.4F, 0.7F}, false}}) {
    EXPECT_EQ(contains(kSquare, point), is_in) << point.x << ',' << point.y;
    EXPECT_EQ(contains(backwards, point), is_in) << point.x << ',' << point.y;
  }
}

TEST(PlaneGeometry, ABayOfAPolygonIsOutside) {
  constexpr std::array<Point, 7> kUShape{Point{0.1F, 0.1F}, {0.3F, 0.1F}, {0.3F, 0.7F},
                                         {0.6F, 0.7F},      {0.6F, 0.1F}, {0.9F, 0.1F},
                                         {0.5F, 0.9F}};
  EXPECT_FALSE(contains(kUShape, {0.45F, 0.3F}));
  EXPECT_TRUE(contains(kUShape, {0.7F, 0.3F}));
  EXPECT_TRUE(contains(kUShape, {0.5F, 0.8F}));
}

TEST(PlaneGeometry, OfItsBorderAPolygonOwnsTheLeftAndTheUpperPart) {
  EXPECT_TRUE(contains(kSquare, {0.2F, 0.4F})) << "left";
  EXPECT_TRUE(contains(kSquare, {0.4F, 0.2F})) << "upper";
  EXPECT_FALSE(contains(kSquare, {0.6F, 0.4F})) << "right";
  EXPECT_FALSE(contains(kSquare, {0.4F, 0.6F})) << "lower";
}

TEST(PlaneGeometry, APointOnTheEdgeOfTwoPolygonsIsInOneOfThem) {
  constexpr std::array<Point, 3> kUpper{Point{0, 0}, {1, 0}, {1, 1}};
  constexpr std::array<Point, 3> kLower{Point{0, 0}, {1, 1}, {0, 1}};
  for (const float at : {0.125F, 0.25F, 0.5F, 0.75F}) {
    EXPECT_NE(contains(kUpper, {at, at}), contains(kLower, {at, at})) << at;
  }
}

TEST(PlaneGeometry, ARayThroughACornerMeetsItOnce) {
  constexpr std::array<Point, 4> kDiamond{
      Point{0.5F, 0.2F}, {0.8F, 0.5F}, {0.5F, 0.8F}, {0.2F, 0.5F}};
  EXPECT_TRUE(contains(kDiamond, {0.5F, 0.5F}));
  EXPECT_FALSE(contains(kDiamond, {0.1F, 0.5F}));
  EXPECT_FALSE(contains(kDiamond, {0.1F, 0.2F}));
}

TEST(PlaneGeometry, TheRightOfAnArrowIsAsOneSeesItOnTheScreen) {
  EXPECT_GT(side_of({0.5F, 0.9F}, {0.5F, 0.1F}, {0.7F, 0.5F}), 0) << "upwards: right is right";
  EXPECT_LT(side_of({0.5F, 0.9F}, {0.5F, 0.1F}, {0.3F, 0.5F}), 0);
  EXPECT_GT(side_of({0.1F, 0.5F}, {0.9F, 0.5F}, {0.5F, 0.7F}), 0) << "to the right: below";
  EXPECT_EQ(side_of({0.1F, 0.5F}, {0.9F, 0.5F}, {0.95F, 0.5F}), 0);
}

TEST(PlaneGeometry, SegmentsMeetWhereTheyCrossOrTouchAndNotBeyondTheirEnds) {
  EXPECT_TRUE(segments_meet({0, 0}, {1, 1}, {0, 1}, {1, 0}));
  EXPECT_TRUE(segments_meet({0, 0}, {1, 0}, {0.5F, 0}, {0.5F, 1})) << "touches";
  EXPECT_FALSE(segments_meet({0, 0}, {0.4F, 0.4F}, {0, 1}, {1, 0})) << "ends before";
  EXPECT_FALSE(segments_meet({0, 0}, {0.4F, 0}, {0.5F, 0}, {1, 0})) << "beside, on one line";
  EXPECT_TRUE(segments_meet({0, 0}, {0.6F, 0}, {0.5F, 0}, {1, 0})) << "over each other";
}

TEST(PlaneGeometry, APolygonIsSimpleUntilItCrossesTouchesOrRunsBack) {
  EXPECT_TRUE(is_simple(kSquare));
  EXPECT_TRUE(is_simple(std::array<Point, 3>{Point{0, 0}, {1, 0}, {0, 1}}));
  EXPECT_FALSE(is_simple(std::array<Point, 4>{Point{0, 0}, {1, 1}, {1, 0}, {0, 1}})) << "bow";
  EXPECT_FALSE(is_simple(std::array<Point, 4>{Point{0, 0}, {1, 0}, {1, 0}, {0, 1}})) << "twice";
  EXPECT_FALSE(is_simple(std::array<Point, 4>{Point{0, 0}, {1, 0}, {0.5F, 0}, {0, 1}})) << "back";
  EXPECT_FALSE(is_simple(std::array<Point, 3>{Point{0, 0}, {0.5F, 0}, {1, 0}})) << "no area";
  EXPECT_FALSE(
      is_simple(std::array<Point, 5>{Point{0, 0}, {1, 0}, {0.5F, 0.5F}, {0, 1}, {0.5F, 0.5F}}))
      << "a corner on another";
}

TEST(PlaneGeometry, ManyCornersRoundACircleAreSimple) {
  std::vector<Point> circle;
  for (int i = 0; i < 64; ++i) {
    const double angle = 2 * std::numbers::pi * i / 64;
    circle.push_back({static_cast<float>(0.5 + 0.4 * std::cos(angle)),
                      static_cast<float>(0.5 + 0.4 * std::sin(angle))});
  }
  EXPECT_TRUE(is_simple(circle));
  EXPECT_TRUE(contains(circle, {0.5F, 0.5F}));
  EXPECT_FALSE(contains(circle, {0.8F, 0.8F}));
}

}  // namespace
}  // namespace bulkhead
