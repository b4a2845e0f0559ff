#include "worker/detect/yolo_decode.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace bulkhead::worker {
namespace {

constexpr InputSize kSmallInput{64, 32};  // 8×4, 4×2 and 2×1 cells
constexpr std::size_t kCells = 32 + 8 + 2;
constexpr std::uint32_t kClasses = 3;

/// A tensor of boxes, nothing in any of them, written by box and column.
class Rows {
 public:
  Rows(std::size_t boxes, std::size_t columns) : values_(boxes * columns), columns_{columns} {}

  void set(std::size_t box, const std::vector<float>& row) {
    std::copy(row.begin(), row.end(),
              values_.begin() + static_cast<std::ptrdiff_t>(box * columns_));
  }
  [[nodiscard]] OutputView view() const { return {{}, values_}; }

 private:
  std::vector<float> values_;
  std::size_t columns_;
};

void expect_box(const Candidate& found, float left, float top, float right, float bottom,
                float confidence, std::uint16_t label_id) {
  EXPECT_FLOAT_EQ(found.left, left);
  EXPECT_FLOAT_EQ(found.top, top);
  EXPECT_FLOAT_EQ(found.right, right);
  EXPECT_FLOAT_EQ(found.bottom, bottom);
  EXPECT_FLOAT_EQ(found.confidence, confidence);
  EXPECT_EQ(found.label_id, label_id);
}

std::vector<Candidate> yolox(const Rows& rows, const DecodeFilter& filter) {
  std::vector<Candidate> found;
  decode_yolox(rows.view(), kClasses, kSmallInput, filter, found);
  return found;
}

std::vector<Candidate> yolov5(const Rows& rows, const DecodeFilter& filter) {
  std::vector<Candidate> found;
  decode_yolov5(rows.view(), kClasses, 0, filter, found);
  return found;
}

TEST(YoloXDecodeTest, ABoxIsPlacedByItsCellOnEachOfTheGrids) {
  Rows rows{kCells, 5 + kClasses};
  const float log2 = std::log(2.0F);
  rows.set(8 + 3, {0.5F, 0.25F, log2, 0, 0.8F, 0.1F, 0.5F, 0.2F});  // stride 8, x 3, y 1
  rows.set(32 + 5, {0.5F, 0.5F, 0, 0, 1, 0, 0, 1});                 // stride 16, x 1, y 1
  rows.set(32 + 8 + 1, {0, 0.5F, 0, 0, 1, 1, 0, 0});                // stride 32, x 1, y 0
  const auto found = yolox(rows, {0.3F, {}});
  ASSERT_EQ(found.size(), 3U);
  expect_box(found[0], 28 - 8, 10 - 4, 28 + 8, 10 + 4, 0.4F, 1);
  expect_box(found[1], 24 - 8, 24 - 8, 24 + 8, 24 + 8, 1, 2);
  expect_box(found[2], 32 - 16, 16 - 16, 32 + 16, 16 + 16, 1, 0);
}

TEST(YoloXDecodeTest, ObjectnessTimesClassDecidesAndTheLimitItselfIsEnough) {
  Rows rows{kCells, 5 + kClasses};
  rows.set(0, {0, 0, 0, 0, 0.5F, 0.5F, 0, 0});
  rows.set(1, {0, 0, 0, 0, 0.5F, 0.49F, 0, 0});
  EXPECT_EQ(yolox(rows, {0.25F, {}}).size(), 1U);
}

TEST(YoloXDecodeTest, BoxesThatAreNoNumbersAreDropped) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  Rows rows{kCells, 5 + kClasses};
  rows.set(0, {kNan, 0, 0, 0, 1, 1, 0, 0});
  rows.set(1, {0, 0, 1000, 0, 1, 1, 0, 0});  // exp(1000) is infinite
  rows.set(2, {0, 0, 0, 0, kNan, 1, 0, 0});
  rows.set(3, {0, 0, 0, 0, 1, kNan, kNan, kNan});
  EXPECT_TRUE(yolox(rows, {0.3F, {}}).empty());
}

TEST(YoloV5DecodeTest, ARowIsCentreSizeObjectnessAndClasses) {
  Rows rows{4, 5 + kClasses};
  rows.set(2, {30, 20, 10, 8, 0.5F, 0.2F, 0.9F, 0.1F});
  const auto found = yolov5(rows, {0.3F, {}});
  ASSERT_EQ(found.size(), 1U);
  expect_box(found[0], 25, 16, 35, 24, 0.45F, 1);
}

TEST(YoloV5DecodeTest, LabelsNotWantedAreLeftOut) {
  Rows rows{4, 5 + kClasses};
  rows.set(0, {30, 20, 10, 8, 1, 0.9F, 0, 0});
  rows.set(1, {30, 20, 10, 8, 1, 0, 0.9F, 0});
  const auto found = yolov5(rows, {0.3F, {false, true, false}});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].label_id, 1);
}

TEST(YoloV5DecodeTest, EveryClassOfABoxComesOnlyWhenAskedFor) {
  Rows rows{1, 5 + kClasses};
  rows.set(0, {30, 20, 10, 8, 1, 0.9F, 0.1F, 0.5F});
  EXPECT_EQ(yolov5(rows, {0.3F, {}}).size(), 1U);
  const auto found = yolov5(rows, {0.3F, {}, true});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[1].label_id, 2);
}

/// The same box in every layout of YOLOv8: numbers of all boxes side by side.
class YoloV8DecodeTest : public ::testing::Test {
 protected:
  // More than the block that is decoded at once, and no multiple of it.
  static constexpr std::size_t kBoxes = 700;

  void set(std::size_t box, const std::vector<float>& column) {
    for (std::size_t row = 0; row < column.size(); ++row) values_[row * kBoxes + box] = column[row];
  }
  std::vector<Candidate> decode(const DecodeFilter& filter) {
    std::vector<Candidate> found;
    decode_yolov8({{}, values_}, kClasses, filter, found);
    return found;
  }

  std::vector<float> values_ = std::vector<float>((4 + kClasses) * kBoxes);
};

TEST_F(YoloV8DecodeTest, AColumnIsCentreSizeAndClasses) {
  for (const std::size_t box : {std::size_t{0}, std::size_t{255}, std::size_t{256}, kBoxes - 1}) {
    set(box, {30, 20, 10, 8, 0.2F, 0.1F, 0.7F});
    const auto found = decode({0.3F, {}});
    ASSERT_EQ(found.size(), 1U) << box;
    expect_box(found[0], 25, 16, 35, 24, 0.7F, 2);
    set(box, {0, 0, 0, 0, 0, 0, 0});
  }
}

TEST_F(YoloV8DecodeTest, TheLimitItselfIsEnoughAndOfEqualScoresTheFirstClassWins) {
  set(3, {30, 20, 10, 8, 0, 0.25F, 0.25F});
  const auto found = decode({0.25F, {}});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].label_id, 1);
  EXPECT_TRUE(decode({0.26F, {}}).empty());
}

TEST_F(YoloV8DecodeTest, AtNoLimitEveryBoxComes) { EXPECT_EQ(decode({0, {}}).size(), kBoxes); }

TEST_F(YoloV8DecodeTest, EveryClassOfABoxComesOnlyWhenAskedFor) {
  set(3, {30, 20, 10, 8, 0.9F, 0.1F, 0.5F});
  EXPECT_EQ(decode({0.3F, {}}).size(), 1U);
  EXPECT_EQ(decode({0.3F, {}, true}).size(), 2U);
}

TEST_F(YoloV8DecodeTest, BoxesThatAreNoNumbersAreDropped) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  set(0, {kNan, 20, 10, 8, 0.9F, 0, 0});
  set(1, {30, 20, 10, 8, kNan, kNan, kNan});
  set(2, {30, 20, std::numeric_limits<float>::infinity(), 8, 0.9F, 0, 0});
  EXPECT_TRUE(decode({0.3F, {}}).empty());
}

TEST(EndToEndDecodeTest, ARowIsCornersConfidenceAndClass) {
  Rows rows{3, 6};
  rows.set(0, {1, 2, 30, 40, 0.9F, 2});
  rows.set(1, {1, 2, 30, 40, 0.2F, 1});
  std::vector<Candidate> found;
  decode_end_to_end(rows.view(), kClasses, {0.3F, {}}, found);
  ASSERT_EQ(found.size(), 1U);
  expect_box(found[0], 1, 2, 30, 40, 0.9F, 2);
}

TEST(EndToEndDecodeTest, ClassesOutsideTheLabelsAreDropped) {
  Rows rows{4, 6};
  rows.set(0, {1, 2, 30, 40, 0.9F, 3});
  rows.set(1, {1, 2, 30, 40, 0.9F, -1});
  rows.set(2, {1, 2, 30, 40, 0.9F, std::numeric_limits<float>::quiet_NaN()});
  rows.set(3, {1, 2, 30, 40, 0.9F, 1e20F});
  std::vector<Candidate> found;
  decode_end_to_end(rows.view(), kClasses, {0.3F, {}}, found);
  EXPECT_TRUE(found.empty());
}

}  // namespace
}  // namespace bulkhead::worker
