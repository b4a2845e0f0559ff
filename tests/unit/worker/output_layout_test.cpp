#include "worker/detect/output_layout.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace bulkhead::worker {
namespace {

constexpr InputSize kInput{416, 416};  // 3549 cells, 3585 with stride 64

/// A tensor of zeros of any shape.
struct Output {
  explicit Output(std::vector<std::int64_t> sides)
      : shape{std::move(sides)},
        values(static_cast<std::size_t>(
            std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies{}))) {}

  [[nodiscard]] OutputView view() const { return {shape, values}; }

  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

Result<OutputPlan> plan(const Output& output, OutputLayout wanted = OutputLayout::Auto,
                        InputSize input = kInput) {
  return plan_output({}, output.view(), input, wanted);
}

void expect_plan(const Result<OutputPlan>& found, OutputLayout layout, std::uint32_t classes) {
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->family, layout);
  EXPECT_EQ(found->decoding, layout);
  EXPECT_EQ(found->classes, classes);
}

TEST(OutputLayoutTest, EachLayoutIsToldByItsShape) {
  expect_plan(plan(Output{{1, 3549, 85}}), OutputLayout::YoloX, 80);
  expect_plan(plan(Output{{1, 3549, 6}}), OutputLayout::YoloX, 1);
  expect_plan(plan(Output{{1, 3 * 3549, 85}}), OutputLayout::YoloV5, 80);
  expect_plan(plan(Output{{1, 84, 3549}}), OutputLayout::YoloV8, 80);
  expect_plan(plan(Output{{1, 5, 3549}}), OutputLayout::YoloV8, 1);
  expect_plan(plan(Output{{1, 300, 6}}), OutputLayout::EndToEnd6, 0);
  expect_plan(plan(Output{{1, 0, 6}}), OutputLayout::EndToEnd6, 0);
}

TEST(OutputLayoutTest, ModelsWithAFourthGridAndInputsThatAreNotSquareAreKnown) {
  constexpr InputSize kWide{640, 384};  // 5040 cells, 5100 with stride 64
  expect_plan(plan(Output{{1, 5040, 85}}, OutputLayout::Auto, kWide), OutputLayout::YoloX, 80);
  expect_plan(plan(Output{{1, 84, 5100}}, OutputLayout::Auto, kWide), OutputLayout::YoloV8, 80);
  expect_plan(plan(Output{{1, 3 * 5100, 7}}, OutputLayout::Auto, kWide), OutputLayout::YoloV5, 2);
}

TEST(OutputLayoutTest, YoloXWithItsDecodingInsideIsToldByItsValues) {
  Output output{{1, 3549, 85}};
  for (std::size_t row = 0; row < 3549; ++row) {
    output.values[row * 85] = static_cast<float>(row % 52) * 8;
  }
  const auto found = plan(output);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->family, OutputLayout::YoloX);
  EXPECT_EQ(found->decoding, OutputLayout::YoloV5);
}

TEST(OutputLayoutTest, AnUnknownShapeIsPrintedWithTheKnownOnes) {
  for (const Output& output :
       {Output{{1, 85, 22, 22}}, Output{{1600, 80}}, Output{{1, 1000}}, Output{{2, 84, 3549}},
        Output{{1, 84, 8400}}, Output{{1, 3549, 5}}, Output{{1, 4, 3549}}, Output{{0, 7}}}) {
    const auto found = plan(output);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, ErrorCode::ModelInvalid);
    std::string shape = "[" + std::to_string(output.shape[0]) + ", ";
    EXPECT_NE(found.error().message.find(shape), std::string::npos) << found.error().message;
    EXPECT_NE(found.error().message.find("3549"), std::string::npos);
  }
}

TEST(OutputLayoutTest, ALayoutThatIsAskedForIsTakenWhereItFits) {
  expect_plan(plan(Output{{1, 3549, 6}}, OutputLayout::EndToEnd6), OutputLayout::EndToEnd6, 0);
  const auto found = plan(Output{{1, 84, 3549}}, OutputLayout::YoloX);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().field, "layout");
  EXPECT_NE(found.error().message.find("[1, 84, 3549]"), std::string::npos);
}

TEST(OutputLayoutTest, ModelsForOtherTasksAreRefusedByTheirMetadata) {
  const Output output{{1, 56, 3549}};
  OnnxSignature pose;
  pose.metadata["task"] = "pose";
  const auto found = plan_output(pose, output.view(), kInput, OutputLayout::Auto);
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().message.find("\"pose\""), std::string::npos);
  pose.metadata["task"] = "detect";
  EXPECT_TRUE(plan_output(pose, output.view(), kInput, OutputLayout::Auto));
}

}  // namespace
}  // namespace bulkhead::worker
