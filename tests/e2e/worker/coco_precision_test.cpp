#include <gtest/gtest.h>

#include <fstream>
#include <limits>

#include "tests/support/average_precision.hpp"
#include "tests/support/picture.hpp"
#include "tests/support/real_detector.hpp"

namespace bulkhead::test {
namespace {

namespace fs = std::filesystem;

const fs::path kCoco = kRealFolder / "coco" / "coco128_lightly";

/// Boxes of one picture from a YOLO label file: class, centre and size as parts of the sides.
std::vector<Marked> read_marks(const fs::path& file, const worker::Frame& picture) {
  std::ifstream stream{file};
  EXPECT_TRUE(stream) << file;
  const auto width = static_cast<float>(picture.width);
  const auto height = static_cast<float>(picture.height);
  std::vector<Marked> marks;
  std::uint16_t label = 0;
  Box box;
  while (stream >> label >> box.x >> box.y >> box.w >> box.h) {
    marks.push_back(
        {{(box.x - box.w / 2) * width, (box.y - box.h / 2) * height, box.w * width, box.h * height},
         label});
  }
  return marks;
}

enum class As { Bgr, I420 };

AveragePrecision measure(DetectStage stage, As format) {
  stage.min_confidence = 0.001F;
  stage.intra_op_threads = 2;
  constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
  auto detector = worker::Detector::create(stage, real_places(), {kAll, kAll, true});
  EXPECT_TRUE(detector) << detector.error().message;
  PrecisionMeter meter;
  for (const auto& entry : fs::directory_iterator{kCoco / "images" / "val2017"}) {
    const worker::Frame picture = read_picture(entry.path());
    const auto found = detector->detect(format == As::Bgr ? picture : to_i420(picture));
    EXPECT_TRUE(found) << found.error().message;
    const fs::path labels = kCoco / "object_detection" / "labels" / "val2017";
    meter.add(read_marks(labels / entry.path().stem().concat(".txt"), picture), *found);
  }
  const AveragePrecision result = meter.result();
  std::cout << stage.model << ": AP50:95 " << result.over_all_ious << ", AP50 " << result.at_half
            << '\n';
  return result;
}

// What a reference implementation reaches on the same pictures.
constexpr double kTolerance = 0.005;

TEST(CocoPrecisionTest, YoloXNanoIsAsPreciseAsItsReference) {
  const auto result = measure(real_stage("yolox_nano_416"), As::Bgr);
  EXPECT_NEAR(result.over_all_ious, 0.341, kTolerance);
  EXPECT_NEAR(result.at_half, 0.504, kTolerance);
}

TEST(CocoPrecisionTest, Yolo11NanoIsAsPreciseAsItsReference) {
  DetectStage stage = real_stage("yolo11n_dynamic.onnx");
  stage.input_width = 640;
  stage.input_height = 640;
  const auto result = measure(stage, As::Bgr);
  EXPECT_NEAR(result.over_all_ious, 0.455, kTolerance);
  EXPECT_NEAR(result.at_half, 0.608, kTolerance);
}

TEST(CocoPrecisionTest, PicturesOfACameraCostNoPrecision) {
  const auto result = measure(real_stage("yolox_nano_416"), As::I420);
  EXPECT_NEAR(result.over_all_ious, 0.341, 2 * kTolerance);
  EXPECT_NEAR(result.at_half, 0.504, 2 * kTolerance);
}

}  // namespace
}  // namespace bulkhead::test
