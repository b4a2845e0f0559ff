#include "worker/cascade/crop_model.hpp"

#include <gtest/gtest.h>

#include <future>

#include "common/limits.hpp"
#include "tests/support/onnx_writer.hpp"
#include "tests/support/pictures.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::worker {
namespace {

using test::OnnxWriter;

class CropModelTest : public ::testing::Test {
 protected:
  Result<CropModel> load(const OnnxWriter& model) {
    dir_.write("models/m.onnx", model.bytes());
    CropModelSpec spec;
    spec.model = "m.onnx";
    return CropModel::create(spec, PixelRule::Rgb1, places_);
  }

  static OnnxWriter means(const std::string& pictures) {
    OnnxWriter model;
    model.input({"in", {pictures, "3", "8", "8"}})
        .output({"out", {pictures, "3", "1", "1"}})
        .node("GlobalAveragePool", "in", "out");
    return model;
  }

  test::TempDir dir_;
  DetectorPlaces places_{.catalog = dir_.write("models.json", R"({"models": []})"),
                         .model_dir = dir_.path() / "models",
                         .cache_dir = {}};
};

TEST_F(CropModelTest, OneThatLeavesTheNumberOfPicturesOpenTakesAFewAndTellsThemApart) {
  auto model = load(means("batch"));
  ASSERT_TRUE(model) << model.error().message;
  ASSERT_EQ(model->most_at_once(), limits::kCropBatch);
  std::vector<Frame> crops;
  for (std::size_t i = 0; i < limits::kCropBatch; ++i) {
    crops.push_back(test::plain_bgr(i, 20, 20, 0, 0, static_cast<std::uint8_t>(50 * i)));
  }
  const auto rows = model->run(crops);
  ASSERT_TRUE(rows) << rows.error().message;
  ASSERT_EQ(rows->size(), crops.size());
  for (std::size_t i = 0; i < crops.size(); ++i) {
    EXPECT_NEAR(rows->at(i)[0], 50.0F * static_cast<float>(i) / 255, 1e-4F) << "red comes first";
  }
  const auto fewer = model->run(std::span{crops}.last(1));
  ASSERT_TRUE(fewer);
  EXPECT_NEAR(fewer->front()[0], 150.0F / 255, 1e-4F);
}

TEST_F(CropModelTest, TwoOfOneFileShareWhatIsLoadedAndEachGetsItsOwnAnswersBesideTheOther) {
  places_.loaded = std::make_shared<LoadedModels>();
  auto one = load(means("batch"));
  auto other = load(means("batch"));
  ASSERT_TRUE(one && other);
  EXPECT_EQ(places_.loaded->size(), 1U);
  const auto look = [](CropModel& model, std::uint8_t red) {
    const Frame crop = test::plain_bgr(red, 20, 20, 0, 0, red);
    for (int i = 0; i < 100; ++i) {
      const auto rows = model.run(std::span{&crop, 1});
      if (!rows || std::abs(rows->front()[0] * 255 - static_cast<float>(red)) > 0.1F) return false;
    }
    return true;
  };
  auto beside = std::async(std::launch::async, look, std::ref(*other), 200);
  EXPECT_TRUE(look(*one, 50));
  EXPECT_TRUE(beside.get());
  ASSERT_TRUE(load(means("1")));
  EXPECT_EQ(places_.loaded->size(), 2U) << "another file is another model";
}

TEST_F(CropModelTest, OneOfAFixedNumberTakesThatOne) {
  auto model = load(means("1"));
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(model->most_at_once(), 1U);
}

TEST_F(CropModelTest, OneWhoseAnswerDependsOnThePicturesBesideItTakesOneAtATime) {
  OnnxWriter relative;
  relative.input({"in", {"batch", "3", "8", "8"}})
      .output({"out", {"batch", "3", "1", "1"}})
      .node("GlobalAveragePool", "in", "mean")
      .node("ReduceMax", "in", "most")  // of all pictures of a run
      .step("Div", {"mean", "most"}, "out");
  auto model = load(relative);
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(model->most_at_once(), 1U);
  const Frame crop = test::plain_bgr(1, 20, 20, 10, 20, 200);
  EXPECT_TRUE(model->run(std::span{&crop, 1}));
}

TEST_F(CropModelTest, OneThatAddsItsPicturesUpTakesOneAtATime) {
  OnnxWriter sum;
  sum.input({"in", {"batch", "3", "8", "8"}})
      .output({"out", {"1", "1", "1", "1"}})
      .node("ReduceSum", "in", "out");
  auto model = load(sum);
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(model->most_at_once(), 1U);
}

}  // namespace
}  // namespace bulkhead::worker
