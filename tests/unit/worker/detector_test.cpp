#include "worker/detect/detector.hpp"

#include <gtest/gtest.h>

#include <array>

#include "tests/support/onnx_writer.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::worker {
namespace {

using test::OnnxWriter;

/// Models that say the same of every picture, in a real engine: their output is a weight.
class DetectorTest : public ::testing::Test {
 protected:
  DetectorTest() { stage_.model = "made.onnx"; }

  /// Boxes with their NMS done, as [1, N, 6]; classes "cat" and "dog" in the metadata.
  static OnnxWriter end_to_end(const std::vector<float>& rows) {
    OnnxWriter writer;
    const std::uint64_t count = rows.size() / 6;
    writer.input({"images", {"1", "3", "64", "64"}})
        .output({"out", {"1", std::to_string(count), "6"}})
        .weight("boxes", {1, count, 6}, rows)
        .node("Identity", "boxes", "out")
        .metadata("names", "{0: 'cat', 1: 'dog'}");
    return writer;
  }

  /// Of each of two classes two boxes that share more than two thirds, as YOLOv5 has them.
  static OnnxWriter two_overlapping_of_each_class() {
    std::vector<float> rows(252 * 7);
    std::size_t place = 0;
    for (const float label : {0.0F, 1.0F}) {
      for (const float x : {30.0F, 33.0F}) {
        const std::vector<float> row{x, 32, 20, 10, 0.9F, 1 - label, label};
        std::copy(row.begin(), row.end(), rows.begin() + static_cast<std::ptrdiff_t>(place));
        place += 70;
      }
    }
    OnnxWriter writer;
    writer.input({"images", {"1", "3", "64", "64"}})
        .output({"out", {"1", "252", "7"}})
        .weight("boxes", {1, 252, 7}, rows)
        .node("Identity", "boxes", "out");
    return writer;
  }

  void write(const OnnxWriter& model) { dir_.write("models/made.onnx", model.bytes()); }
  Result<Detector> create() { return Detector::create(stage_, places_); }
  std::string error_of_create(ErrorCode code, const std::string& field) {
    const auto detector = create();
    EXPECT_FALSE(detector);
    if (detector) return {};
    EXPECT_EQ(detector.error().code, code) << detector.error().message;
    EXPECT_EQ(detector.error().field, field) << detector.error().message;
    return detector.error().message;
  }
  static Frame grey(std::uint32_t width, std::uint32_t height) {
    const auto pixels = std::make_shared<std::vector<std::uint8_t>>(3 * width * height, 128);
    Frame frame;
    frame.width = width;
    frame.height = height;
    frame.format = PixelFormat::Bgr;
    frame.planes[0] = {pixels->data(), 3 * width};
    frame.owner = pixels;
    return frame;
  }

  test::TempDir dir_;
  DetectStage stage_;
  DetectorPlaces places_{.catalog = dir_.write("models.json", R"({"models": []})"),
                         .model_dir = dir_.path() / "models",
                         .cache_dir = {}};
};

TEST_F(DetectorTest, ObjectsComeInPixelsOfTheFrameByFallingConfidence) {
  write(end_to_end({16, 32, 32, 40, 0.5F, 0, /**/ 0, 16, 64, 48, 0.9F, 1}));
  auto detector = create();
  ASSERT_TRUE(detector) << detector.error().message;
  // 128 × 64 in 64 × 64: half the size, 16 rows of grey above.
  const auto found = detector->detect(grey(128, 64));
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->size(), 2U);
  EXPECT_FLOAT_EQ((*found)[0].confidence, 0.9F);
  EXPECT_EQ((*found)[0].label_id, 1);
  EXPECT_FLOAT_EQ((*found)[0].box.h, 64);
  EXPECT_FLOAT_EQ((*found)[1].box.x, 32);
  EXPECT_FLOAT_EQ((*found)[1].box.y, 32);
  EXPECT_FLOAT_EQ((*found)[1].box.w, 32);
  EXPECT_FLOAT_EQ((*found)[1].box.h, 16);
}

TEST_F(DetectorTest, TheCardTellsWhatRuns) {
  const auto model = end_to_end({0, 0, 1, 1, 0.5F, 0});
  write(model);
  const auto detector = create();
  ASSERT_TRUE(detector) << detector.error().message;
  const ModelCard& card = detector->card();
  EXPECT_EQ(card.name, "made");
  EXPECT_EQ(card.family, "yolov10");
  EXPECT_EQ(card.engine, "onnxruntime");
  EXPECT_EQ(card.input_width, 64U);
  EXPECT_EQ(card.labels, (std::vector<std::string>{"cat", "dog"}));
  EXPECT_EQ(card.sha256.size(), 64U);
}

#if defined(__x86_64__)
TEST_F(DetectorTest, SignedActivationsAreRefusedWithWhatToDoInstead) {
  constexpr std::uint64_t kFloat = 1;
  constexpr std::uint64_t kInt8 = 3;
  auto model = end_to_end({0, 0, 1, 1, 0.5F, 0});
  model.zero("scale", kFloat)
      .zero("zero", kInt8)
      .step("QuantizeLinear", {"images", "scale", "zero"}, "bytes")
      .step("DequantizeLinear", {"bytes", "scale", "zero"}, "floats")
      .step("Mul", {"floats", "floats"}, "squares");
  write(model);
  const std::string message = error_of_create(ErrorCode::ModelInvalid, "model");
  EXPECT_NE(message.find("\"images\" in signed bytes"), std::string::npos) << message;
  EXPECT_NE(message.find("deploy/quantize_model"), std::string::npos) << message;
}
#endif

TEST_F(DetectorTest, BoxesInTheGreyBorderAreNoObjects) {
  write(end_to_end({0, 0, 64, 15, 0.9F, 0}));
  auto detector = create();
  ASSERT_TRUE(detector) << detector.error().message;
  EXPECT_TRUE(detector->detect(grey(128, 64))->empty());
  EXPECT_EQ(detector->detect(grey(64, 64))->size(), 1U) << "without a border it is one";
}

TEST_F(DetectorTest, ConfidenceAndClassesAreFiltered) {
  write(end_to_end({0, 0, 9, 9, 0.9F, 0, /**/ 0, 0, 9, 9, 0.9F, 1, /**/ 0, 0, 9, 9, 0.4F, 1}));
  stage_.min_confidence = 0.5F;
  stage_.classes = {"dog"};
  auto detector = create();
  ASSERT_TRUE(detector) << detector.error().message;
  const auto found = detector->detect(grey(64, 64));
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ((*found)[0].label_id, 1);
}

TEST_F(DetectorTest, AClassMayHaveAConfidenceOfItsOwnHigherOrLower) {
  write(end_to_end({0, 0, 9, 9, 0.6F, 0, /**/ 0, 0, 9, 9, 0.6F, 1, /**/ 0, 0, 9, 9, 0.3F, 1}));
  stage_.min_confidence = 0.5F;
  stage_.per_class = {{"cat", 0.7F, std::nullopt}, {"dog", 0.2F, std::nullopt}};
  auto detector = create();
  ASSERT_TRUE(detector) << detector.error().message;
  const auto found = detector->detect(grey(64, 64));
  ASSERT_EQ(found->size(), 2U);
  EXPECT_EQ((*found)[0].label_id, 1);
  EXPECT_EQ((*found)[1].label_id, 1);
  stage_.per_class = {{"dog", 0.7F, std::nullopt}};
  ASSERT_TRUE(detector->tune(stage_));
  const auto tuned = detector->detect(grey(64, 64));
  ASSERT_EQ(tuned->size(), 1U);
  EXPECT_EQ((*tuned)[0].label_id, 0) << "those of the stage again";
}

TEST_F(DetectorTest, AClassMayHaveAnOverlapOfItsOwn) {
  write(two_overlapping_of_each_class());
  stage_.nms_iou = 0.9F;
  stage_.per_class = {{"class_1", std::nullopt, 0.5F}};
  auto detector = create();
  ASSERT_TRUE(detector) << detector.error().message;
  std::array<int, 2> of_label{};
  for (const Object& object : *detector->detect(grey(64, 64))) ++of_label.at(object.label_id);
  EXPECT_EQ(of_label, (std::array{2, 1}));
}

TEST_F(DetectorTest, AtMostTheLimitOfObjectsComesTheMostConfident) {
  std::vector<float> rows;
  for (std::size_t i = 0; i < limits::kObjectsPerFrame + 50; ++i) {
    rows.insert(rows.end(), {0, 0, 9, 9, 0.5F + 0.001F * static_cast<float>(i), 0});
  }
  write(end_to_end(rows));
  auto detector = create();
  ASSERT_TRUE(detector) << detector.error().message;
  const auto found = detector->detect(grey(64, 64));
  ASSERT_EQ(found->size(), limits::kObjectsPerFrame);
  EXPECT_FLOAT_EQ(found->front().confidence, 0.5F + 0.349F);
}

TEST_F(DetectorTest, ModelsWithObjectnessAreDecodedAndTheirOverlapsSuppressed) {
  OnnxWriter writer;  // 64 × 64: 84 cells, 252 boxes, 2 classes
  std::vector<float> rows(252 * 7);
  for (const std::size_t box : {std::size_t{10}, std::size_t{200}}) {
    const float confidence = box == 10 ? 0.8F : 0.9F;
    const std::vector<float> row{32, 32, 20, 10, confidence, 0, 1};
    std::copy(row.begin(), row.end(), rows.begin() + static_cast<std::ptrdiff_t>(box * 7));
  }
  writer.input({"images", {"1", "3", "64", "64"}})
      .output({"out", {"1", "252", "7"}})
      .weight("boxes", {1, 252, 7}, rows)
      .node("Identity", "boxes", "out");
  write(writer);
  auto detector = create();
  ASSERT_TRUE(detector) << detector.error().message;
  EXPECT_EQ(detector->card().family, "yolov5");
  EXPECT_EQ(detector->card().labels.at(1), "class_1");
  const auto found = detector->detect(grey(64, 64));
  ASSERT_EQ(found->size(), 1U);
  EXPECT_FLOAT_EQ((*found)[0].confidence, 0.9F);
  EXPECT_FLOAT_EQ((*found)[0].box.x, 22);
}

TEST_F(DetectorTest, AFrameWithoutPixelsIsAnErrorAndTheNextOneIsNot) {
  write(end_to_end({0, 0, 9, 9, 0.9F, 0}));
  auto detector = create();
  ASSERT_TRUE(detector) << detector.error().message;
  EXPECT_FALSE(detector->detect(Frame{}));
  EXPECT_TRUE(detector->detect(grey(64, 64)));
}

TEST_F(DetectorTest, AnInputOtherThanTheModelsFixedOneIsRefused) {
  write(end_to_end({0, 0, 9, 9, 0.9F, 0}));
  stage_.input_width = 128;
  stage_.input_height = 128;
  const auto message = error_of_create(ErrorCode::InvalidParams, "input");
  EXPECT_NE(message.find("64x64"), std::string::npos) << message;
}

TEST_F(DetectorTest, AnInputThatTheGridsDoNotDivideIsRefused) {
  OnnxWriter writer;
  writer.input({"images", {"1", "3", "height", "width"}}).output({"out", {"1", "1", "6"}});
  write(writer);
  stage_.input_width = 100;
  stage_.input_height = 64;
  const auto message = error_of_create(ErrorCode::InvalidParams, "input");
  EXPECT_NE(message.find("multiple of 32"), std::string::npos) << message;
}

TEST_F(DetectorTest, AClassTheModelDoesNotHaveIsRefused) {
  write(end_to_end({0, 0, 9, 9, 0.9F, 0}));
  stage_.classes = {"dog", "giraffe"};
  const auto message = error_of_create(ErrorCode::InvalidParams, "classes");
  EXPECT_NE(message.find("\"giraffe\""), std::string::npos) << message;
}

TEST_F(DetectorTest, AClassOfItsOwnThresholdsThatTheModelDoesNotHaveIsRefused) {
  write(end_to_end({0, 0, 9, 9, 0.9F, 0}));
  stage_.per_class = {{"giraffe", 0.5F, std::nullopt}};
  const auto message = error_of_create(ErrorCode::InvalidParams, "perClass");
  EXPECT_NE(message.find("\"giraffe\""), std::string::npos) << message;
}

TEST_F(DetectorTest, PicturesOfBytesOrPixelByPixelAreRefusedByOpenCvWithTheRemedy) {
  stage_.engine = Engine::OpenCv;
  for (const OnnxWriter::Tensor& input : {OnnxWriter::Tensor{"images", {"1", "3", "64", "64"}, 2},
                                          OnnxWriter::Tensor{"images", {"1", "64", "64", "3"}}}) {
    OnnxWriter writer;
    writer.input(input).output({"out", {"1", "1", "6"}});
    write(writer);
    const auto message = error_of_create(ErrorCode::ModelInvalid, "model");
    EXPECT_NE(message.find("use engine \"onnxruntime\""), std::string::npos) << message;
  }
}

TEST_F(DetectorTest, InputsThatAreNoPictureAreRefusedWithWhatWasFound) {
  constexpr int kInt64 = 7;
  const std::vector<std::pair<OnnxWriter::Tensor, std::string>> wrong{
      {{"images", {"1", "3", "64", "64"}, kInt64}, "int64"},
      {{"images", {"1", "64", "64", "4"}}, "3 channels"},
      {{"images", {"8", "3", "64", "64"}}, "batch"},
      {{"images", {"1", "3", "64"}}, "[1, 3, 64]"}};
  for (const auto& [input, expected] : wrong) {
    OnnxWriter writer;
    writer.input(input).output({"out", {"1", "1", "6"}});
    write(writer);
    for (const Engine engine : {Engine::OnnxRuntime, Engine::OpenCv}) {
      stage_.engine = engine;
      const auto message = error_of_create(ErrorCode::ModelInvalid, "model");
      EXPECT_NE(message.find(expected), std::string::npos) << message;
    }
  }
}

TEST_F(DetectorTest, AGraphThatNoEngineLoadsIsRefusedWithTheEnginesWords) {
  OnnxWriter writer;
  writer.input({"images", {"1", "3", "64", "64"}})
      .output({"out", {"1", "1", "6"}})
      .node("NoSuchOperator", "images", "out");
  write(writer);
  for (const Engine engine : {Engine::OnnxRuntime, Engine::OpenCv}) {
    stage_.engine = engine;
    const auto message = error_of_create(ErrorCode::ModelInvalid, "model");
    EXPECT_NE(message.find("NoSuchOperator"), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos);
  }
}

}  // namespace
}  // namespace bulkhead::worker
