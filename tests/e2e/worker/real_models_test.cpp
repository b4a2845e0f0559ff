#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/support/average_precision.hpp"
#include "tests/support/picture.hpp"
#include "tests/support/real_detector.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::test {
namespace {

using worker::Detector;

std::vector<Object> detect(const DetectStage& stage, const std::string& picture) {
  auto detector = Detector::create(stage, real_places());
  EXPECT_TRUE(detector) << detector.error().message;
  if (!detector) return {};
  const auto found = detector->detect(read_picture(kRealFolder / "images" / picture));
  EXPECT_TRUE(found) << found.error().message;
  return *found;
}

struct Expected {
  std::string label;
  float confidence;
};

/// All boxes of the picture, by falling confidence, as an independent implementation found them.
void expect_found(const DetectStage& stage, const std::string& picture,
                  const std::vector<Expected>& expected) {
  auto detector = Detector::create(stage, real_places());
  ASSERT_TRUE(detector) << detector.error().message;
  const auto found = detector->detect(read_picture(kRealFolder / "images" / picture));
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->size(), expected.size()) << picture;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(detector->card().labels.at((*found)[i].label_id), expected[i].label) << picture;
    EXPECT_NEAR((*found)[i].confidence, expected[i].confidence, 0.01) << picture;
  }
}

TEST(RealModelsTest, YoloXNanoFindsInKnownPicturesWhatItShould) {
  for (const Engine engine : {Engine::OnnxRuntime, Engine::OpenCv}) {
    const DetectStage stage = real_stage("yolox_nano_416", engine);
    expect_found(stage, "dog.jpg",
                 {{"dog", 0.86F}, {"bicycle", 0.80F}, {"car", 0.80F}, {"truck", 0.31F}});
    expect_found(stage, "bus.jpg",
                 {{"bus", 0.90F}, {"person", 0.86F}, {"person", 0.81F}, {"person", 0.70F}});
    expect_found(stage, "person.jpg", {{"person", 0.88F}, {"dog", 0.87F}, {"horse", 0.87F}});
    expect_found(stage, "zidane.jpg", {{"person", 0.88F}, {"person", 0.83F}, {"tie", 0.49F}});
  }
}

TEST(RealModelsTest, BothEnginesAgreeBoxByBox) {
  for (const std::string model : {"yolox_nano_416", "yolox_nano_384x640"}) {
    for (const std::string picture : {"dog.jpg", "bus.jpg", "person.jpg", "zidane.jpg"}) {
      const auto ours = detect(real_stage(model, Engine::OnnxRuntime), picture);
      const auto theirs = detect(real_stage(model, Engine::OpenCv), picture);
      ASSERT_EQ(ours.size(), theirs.size()) << model << ' ' << picture;
      ASSERT_FALSE(ours.empty());
      for (std::size_t i = 0; i < ours.size(); ++i) {
        EXPECT_EQ(ours[i].label_id, theirs[i].label_id);
        EXPECT_NEAR(ours[i].confidence, theirs[i].confidence, 1e-3);
        EXPECT_GT(overlap(ours[i].box, theirs[i].box), 0.99F);
      }
    }
  }
}

/// Labels found with the names of `stage`'s model, sorted.
std::vector<std::string> labels_found(const DetectStage& stage, const std::string& picture) {
  auto detector = Detector::create(stage, real_places());
  EXPECT_TRUE(detector) << detector.error().message;
  const auto found = detector->detect(read_picture(kRealFolder / "images" / picture));
  std::vector<std::string> labels;
  for (const Object& object : *found) labels.push_back(detector->card().labels[object.label_id]);
  std::ranges::sort(labels);
  return labels;
}

TEST(RealModelsTest, UltralyticsModelsFindTheBusAndItsPeopleAtAnyInputSize) {
  for (const std::uint32_t side : {0U, 320U, 640U}) {
    DetectStage stage = real_stage("yolo11n_dynamic.onnx");
    stage.input_width = side;
    stage.input_height = side;
    stage.min_confidence = 0.5F;
    const auto labels = labels_found(stage, "bus.jpg");
    EXPECT_EQ(std::ranges::count(labels, "bus"), 1) << side;
    EXPECT_GE(std::ranges::count(labels, "person"), 3) << side;
  }
  DetectStage wide = real_stage("yolo11n_dynamic.onnx");
  wide.input_width = 640;
  wide.input_height = 384;
  EXPECT_EQ(labels_found(wide, "zidane.jpg"),
            (std::vector<std::string>{"person", "person", "tie"}));
  EXPECT_EQ(std::ranges::count(labels_found(real_stage("yolov8n_640.onnx"), "bus.jpg"), "bus"), 1);
}

TEST(RealModelsTest, AFileOfTheCatalogueIsKnownUnderAnyName) {
  const auto detector = Detector::create(real_stage("yolo11n_dynamic.onnx"), real_places());
  ASSERT_TRUE(detector) << detector.error().message;
  EXPECT_EQ(detector->card().name, "yolo11n");
  EXPECT_EQ(detector->card().family, "yolov8");
  EXPECT_EQ(detector->card().input_width, 416U);
  EXPECT_EQ(detector->card().labels.at(5), "bus");
}

TEST(RealModelsTest, ACustomModelOfThreeClassesRunsWithThreeLabelsAndRefusesEighty) {
  DetectStage stage = real_stage("bad/yolox_nano_3class_custom.onnx");
  EXPECT_EQ(Detector::create(stage, real_places())->card().labels.at(2), "class_2");
  stage.labels = {"robot", "ball", "goal"};
  const auto named = Detector::create(stage, real_places());
  ASSERT_TRUE(named) << named.error().message;
  EXPECT_EQ(named->card().labels.at(0), "robot");
  stage.labels.assign(80, "thing");
  const auto wrong = Detector::create(stage, real_places());
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::ModelInvalid);
  EXPECT_EQ(wrong.error().field, "labels");
}

TEST(RealModelsTest, YoloXOfBefore011IsKnownByItsDigestAndGetsThePixelsItWants) {
  // Nothing in the file tells it from later ones, which want other pixels.
  expect_found(real_stage("bad/yolox_nano_legacy_0.1.0_normalised.onnx"), "dog.jpg",
               {{"dog", 0.85F}, {"bicycle", 0.83F}, {"car", 0.68F}, {"truck", 0.37F}});
}

struct Refusal {
  std::string model;
  Engine engine;
  std::string says;
};

TEST(RealModelsTest, ModelsThatCannotBeUsedSayWhy) {
  const std::vector<Refusal> refusals{
      {"bad/yolov10n-int8-320_BROKEN.onnx", Engine::OnnxRuntime, "does not run with an input"},
      {"yolov8n_640.onnx", Engine::OpenCv, "use engine \"onnxruntime\""},
      {"yolo11n_dynamic.onnx", Engine::OpenCv, "use engine \"onnxruntime\""},
      {"nanodet_m_320.onnx", Engine::OpenCv, "several outputs"},
      {"nanodet_m_320.onnx", Engine::OnnxRuntime, "found [1600, 80]"},
      {"fastestdet_352.onnx", Engine::OnnxRuntime, "found [1, 85, 22, 22]"},
      {"imagenet_mobilenet_v2_int8.onnx", Engine::OnnxRuntime, "found [1, 1000]"},
      {"plate_yolov9t_416_int8_end2end.onnx", Engine::OnnxRuntime, "found [0, 7]"},
      {"cct_xs_v2_global.onnx", Engine::OnnxRuntime, "found [1, 10, 37]"},
  };
  for (const auto& [model, engine, says] : refusals) {
    const auto detector = Detector::create(real_stage(model, engine), real_places());
    ASSERT_FALSE(detector) << model;
    EXPECT_EQ(detector.error().code, ErrorCode::ModelInvalid) << model;
    EXPECT_NE(detector.error().message.find(says), std::string::npos) << detector.error().message;
  }
}

class OptimizedCopyTest : public ::testing::Test {
 protected:
  OptimizedCopyTest() { places_.cache_dir = dir_.path() / "cache"; }

  Result<Detector> create() { return Detector::create(real_stage("yolox_nano_416"), places_); }

  TempDir dir_;
  worker::DetectorPlaces places_ = real_places();
};

TEST_F(OptimizedCopyTest, IsWrittenOnceAndFindsTheSame) {
  const auto plain = detect(real_stage("yolox_nano_416"), "dog.jpg");
  for (const bool first : {true, false}) {
    auto detector = create();
    ASSERT_TRUE(detector) << detector.error().message;
    EXPECT_EQ(detector->notes().size(), first ? 1U : 0U);
    const auto found = detector->detect(read_picture(kRealFolder / "images" / "dog.jpg"));
    ASSERT_EQ(found->size(), plain.size());
    for (std::size_t i = 0; i < plain.size(); ++i) {
      EXPECT_FLOAT_EQ((*found)[i].confidence, plain[i].confidence);
    }
  }
}

/// Whether a file beneath `folder` is mapped into this process.
bool is_mapped(const std::filesystem::path& folder) {
  std::ifstream maps{"/proc/self/maps"};
  const std::string text{std::istreambuf_iterator<char>{maps}, {}};
  return text.find(folder.string()) != std::string::npos;
}

TEST_F(OptimizedCopyTest, ItsWeightsAreMappedFromTheFile) {
  const auto detector = create();
  ASSERT_TRUE(detector) << detector.error().message;
  EXPECT_TRUE(is_mapped(places_.cache_dir));
}

TEST_F(OptimizedCopyTest, WithoutRoomForItTheModelRunsAllTheSame) {
  places_.cache_dir = dir_.write("file", "") / "cache";
  auto detector = create();
  ASSERT_TRUE(detector) << detector.error().message;
  ASSERT_EQ(detector->notes().size(), 1U);
  EXPECT_NE(detector->notes()[0].find("without an optimised copy"), std::string::npos);
  EXPECT_TRUE(detector->detect(read_picture(kRealFolder / "images" / "dog.jpg")));
}

}  // namespace
}  // namespace bulkhead::test
