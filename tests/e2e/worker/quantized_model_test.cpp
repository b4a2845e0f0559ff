#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/coco_pictures.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temp_dir.hpp"
#include "worker/model/model_file.hpp"

namespace bulkhead::test {
namespace {

namespace fs = std::filesystem;
using worker::Detector;

/// What deploy/quantize_model starts, on a real detector and real pictures.
class QuantizedModelTest : public ::testing::Test {
 protected:
  ProgramRun quantize(const fs::path& model, const fs::path& output,
                      const std::string& more = " --input 320x320 --count 4") {
    return run_program(BULKHEAD_QUANTIZE " " + model.string() + ' ' + output.string() +
                       " --pictures " + (kRealFolder / "images").string() + more);
  }

  /// By the copy that the engine has optimised, as a worker does it. The file of floats is asked at
  /// the size at which the bytes were calibrated.
  std::vector<Object> detect(const fs::path& model, const std::string& picture,
                             std::uint32_t side = 320) const {
    worker::DetectorPlaces places = real_places();
    places.cache_dir = dir_.path() / "cache";
    DetectStage stage = real_stage(model);
    stage.input_width = side;
    stage.input_height = side;
    auto detector = Detector::create(stage, places);
    EXPECT_TRUE(detector) << detector.error().message;
    if (!detector) return {};
    return *detector->detect(read_picture(kRealFolder / "images" / picture));
  }

  static void expect_among(const std::vector<Object>& expected, const std::vector<Object>& found,
                           const std::string& picture) {
    ASSERT_FALSE(expected.empty());
    for (const Object& object : expected) {
      if (object.confidence < 0.6F) continue;  // near the limit one may have it and one not
      EXPECT_TRUE(std::ranges::any_of(found,
                                      [&](const Object& other) {
                                        return other.label_id == object.label_id &&
                                               overlap(other.box, object.box) > 0.7F;
                                      }))
          << picture << ": label " << object.label_id;
    }
  }

  TempDir dir_;
  const fs::path floats_ = kRealFolder / "models" / "yolo11n_dynamic.onnx";
  const fs::path bytes_ = dir_.path() / "bytes.onnx";
};

TEST_F(QuantizedModelTest, FindsWhatTheModelOfFloatsFinds) {
  const ProgramRun run = quantize(floats_, bytes_);
  ASSERT_EQ(run.exit_code, 0) << run.output;
  // Of 88 all but the first one and the one that decodes boxes.
  EXPECT_NE(run.output.find("86 convolutions"), std::string::npos) << run.output;
  EXPECT_LT(fs::file_size(bytes_), fs::file_size(floats_) / 3);
  for (const std::string picture : {"bus.jpg", "dog.jpg", "zidane.jpg"}) {
    expect_among(detect(floats_, picture), detect(bytes_, picture), picture);
  }
}

TEST_F(QuantizedModelTest, ScalesByChannelAreOnnxsOwnWhereTheOpsetHasThem) {
  // The other model has opset 12 and gets them from ONNX Runtime's operators; this one has 17.
  const fs::path floats = kRealFolder / "models" / "yolov8n_640.onnx";
  const ProgramRun run = quantize(floats, bytes_, " --count 2");
  ASSERT_EQ(run.exit_code, 0) << run.output;
  expect_among(detect(floats, "bus.jpg", 640), detect(bytes_, "bus.jpg", 640), "bus.jpg");
}

TEST_F(QuantizedModelTest, CostsNoPrecisionThat128PicturesCouldTell) {
  ASSERT_EQ(quantize(floats_, bytes_, " --input 416x416").exit_code, 0);
  DetectStage stage = real_stage(bytes_);
  stage.input_width = 416;
  stage.input_height = 416;
  const auto result = measure_on_coco(stage, As::Bgr);
  // With floats 0.401 and 0.551.
  EXPECT_NEAR(result.over_all_ious, 0.401, 0.02);
  EXPECT_NEAR(result.at_half, 0.551, 0.02);
}

TEST_F(QuantizedModelTest, TheSameModelAndPicturesGiveTheSameFile) {
  const fs::path again = dir_.path() / "again.onnx";
  const std::string small = " --input 192x192 --count 2";
  ASSERT_EQ(quantize(floats_, bytes_, small).exit_code, 0);
  ASSERT_EQ(quantize(floats_, again, small).exit_code, 0);
  const auto one = worker::ModelFile::open(bytes_);
  const auto two = worker::ModelFile::open(again);
  ASSERT_TRUE(one);
  ASSERT_TRUE(two);
  EXPECT_EQ(one->sha256(), two->sha256());
}

TEST_F(QuantizedModelTest, WhatCannotBeQuantisedIsRefusedAndNothingWritten) {
  ASSERT_EQ(quantize(floats_, bytes_, " --input 160x160 --count 1").exit_code, 0);
  const fs::path output = dir_.path() / "never.onnx";
  const auto refusal = [&](const fs::path& model, const fs::path& to, const std::string& more) {
    const ProgramRun run = quantize(model, to, more);
    EXPECT_EQ(run.exit_code, 65);
    return run.output;
  };
  const std::string twice = refusal(bytes_, output, "");
  EXPECT_NE(twice.find("quantised already"), std::string::npos) << twice;
  const std::string blind = refusal(floats_, output, "/no_such_folder");
  EXPECT_NE(blind.find("no_such_folder"), std::string::npos) << blind;
  const std::string size = refusal(floats_, output, " --input wide");
  EXPECT_NE(size.find("WIDTHxHEIGHT"), std::string::npos) << size;
  EXPECT_FALSE(fs::exists(output));
}

TEST_F(QuantizedModelTest, TheFileOfFloatsIsNotOverwritten) {
  fs::copy_file(floats_, bytes_);
  const ProgramRun run = quantize(bytes_, bytes_);
  EXPECT_EQ(run.exit_code, 65);
  EXPECT_NE(run.output.find("another file"), std::string::npos) << run.output;
  EXPECT_EQ(fs::file_size(bytes_), fs::file_size(floats_));
}

}  // namespace
}  // namespace bulkhead::test
