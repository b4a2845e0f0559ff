#include <gtest/gtest.h>

#include "tests/support/coco_pictures.hpp"

namespace bulkhead::test {
namespace {

// What a reference implementation reaches on the same pictures.
constexpr double kTolerance = 0.005;

TEST(CocoPrecisionTest, YoloXNanoIsAsPreciseAsItsReference) {
  const auto result = measure_on_coco(real_stage("yolox_nano_416"), As::Bgr);
  EXPECT_NEAR(result.over_all_ious, 0.341, kTolerance);
  EXPECT_NEAR(result.at_half, 0.504, kTolerance);
}

TEST(CocoPrecisionTest, Yolo11NanoIsAsPreciseAsItsReference) {
  DetectStage stage = real_stage("yolo11n_dynamic.onnx");
  stage.input_width = 640;
  stage.input_height = 640;
  const auto result = measure_on_coco(stage, As::Bgr);
  EXPECT_NEAR(result.over_all_ious, 0.455, kTolerance);
  EXPECT_NEAR(result.at_half, 0.608, kTolerance);
}

TEST(CocoPrecisionTest, PicturesOfACameraCostNoPrecision) {
  const auto result = measure_on_coco(real_stage("yolox_nano_416"), As::I420);
  EXPECT_NEAR(result.over_all_ious, 0.341, 2 * kTolerance);
  EXPECT_NEAR(result.at_half, 0.504, 2 * kTolerance);
}

}  // namespace
}  // namespace bulkhead::test
