#include "worker/pipeline/frame_inference.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/onnx_writer.hpp"
#include "tests/support/pictures.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::worker {
namespace {

/// A model that says the same of every picture, in a real engine: of 64 × 64 pixels a cat with its
/// foot at (24, 40), of 0.9, and a dog with its foot at (48, 12), of 0.5.
class FrameInferenceTest : public ::testing::Test {
 protected:
  FrameInferenceTest() {
    test::OnnxWriter model;
    model.input({"images", {"1", "3", "64", "64"}})
        .output({"out", {"1", "2", "6"}})
        .weight("boxes", {1, 2, 6}, {16, 32, 32, 40, 0.9F, 0, /**/ 40, 2, 56, 12, 0.5F, 1})
        .node("Identity", "boxes", "out")
        .metadata("names", "{0: 'cat', 1: 'dog'}");
    dir_.write("models/made.onnx", model.bytes());
  }

  FrameInference create() {
    auto inference = FrameInference::create(spec_, places_);
    EXPECT_TRUE(inference) << inference.error().message;
    return *std::move(inference);
  }

  std::vector<Object> objects_of(FrameInference& inference) { return infer(inference).objects; }

  Inference infer(FrameInference& inference) {
    Frame frame = test::plain_i420(++frames_, 128, 64, 128);
    frame.arrival_ns = static_cast<std::int64_t>(frames_) * 40'000'000;
    auto inferred = inference.infer(frame);
    EXPECT_TRUE(inferred) << inferred.error().message;
    return *std::move(inferred);
  }

  /// A stage that tells how bright a thing is, in a real engine.
  CropStage tone(std::string attribute) {
    test::OnnxWriter model;
    model.input({"in", {"1", "3", "8", "8"}})
        .output({"out", {"1", "3", "1", "1"}})
        .node("GlobalAveragePool", "in", "out");
    dir_.write("models/tone.onnx", model.bytes());
    ClassifyStage classify;
    classify.on.model = "tone.onnx";
    classify.on.pixels = PixelRule::Rgb1;
    classify.labels = {"grey", "grey", "grey"};
    return {
        .attribute = std::move(attribute), .parent = {}, .of = {}, .votes = {}, .work = classify};
  }

  static ipc::Reconfigure tuning_of(const PipelineSpec& pipeline) {
    return {.min_confidence = pipeline.detect.min_confidence,
            .nms_iou = pipeline.detect.nms_iou,
            .classes = pipeline.detect.classes,
            .track = pipeline.track,
            .per_class = pipeline.detect.per_class,
            .frames = pipeline.frames};
  }

  test::TempDir dir_;
  SessionSpec spec_ =
      SessionSpec::from_json(
          {{"subscriptionIdentifier", "cam"},
           {"rtspUrl", "rtsp://camera/a"},
           {"pipeline",
            {{"name", "made"}, {"stages", {{{"type", "detect"}, {"model", "made.onnx"}}}}}}},
          "")
          .value();
  DetectorPlaces places_{.catalog = dir_.write("models.json", R"({"models": []})"),
                         .model_dir = dir_.path() / "models",
                         .cache_dir = {}};
  std::uint64_t frames_ = 0;
};

TEST_F(FrameInferenceTest, ARegionIsSeenLargerAndItsBoxesAreThoseOfThePicture) {
  // The whole picture is half as large as the model sees it, with grey above and below.
  FrameInference whole = create();
  const auto small = objects_of(whole);
  ASSERT_EQ(small.size(), 1U) << "the dog is in the grey";
  EXPECT_FLOAT_EQ(small[0].box.w, 32);
  spec_.pipeline->frames.region = Region{0.5F, 0, 1, 1};
  FrameInference right = create();
  const auto large = objects_of(right);
  ASSERT_EQ(large.size(), 2U);
  EXPECT_FLOAT_EQ(large[0].box.x, 64 + 16);
  EXPECT_FLOAT_EQ(large[0].box.y, 32);
  EXPECT_FLOAT_EQ(large[0].box.w, 16);
}

TEST_F(FrameInferenceTest, AMaskAndThresholdsOfAClassAreChangedBetweenTwoFrames) {
  spec_.pipeline->frames.region = Region{0, 0, 0.5F, 1};
  FrameInference inference = create();
  EXPECT_EQ(objects_of(inference).size(), 2U);
  PipelineSpec asked = *spec_.pipeline;
  asked.frames.masks = {{{0, 0.5F}, {1, 0.5F}, {1, 1}, {0, 1}}};
  ASSERT_TRUE(inference.tune(tuning_of(asked)));
  const auto unmasked = objects_of(inference);
  ASSERT_EQ(unmasked.size(), 1U);
  EXPECT_EQ(unmasked[0].label_id, 1) << "the cat's foot is in the mask";
  asked.detect.per_class = {{"dog", 0.6F, std::nullopt}};
  ASSERT_TRUE(inference.tune(tuning_of(asked)));
  EXPECT_TRUE(objects_of(inference).empty());
  asked.detect.per_class = {{"cow", 0.6F, std::nullopt}};
  EXPECT_EQ(inference.tune(tuning_of(asked)).error().field, "perClass");
}

TEST_F(FrameInferenceTest, WithTracksAClassIsToldBelowItsOwnThresholdOnlyOnceItIsTracked) {
  spec_.pipeline->frames.region = Region{0, 0, 0.5F, 1};
  spec_.pipeline->track = true;
  spec_.pipeline->detect.per_class = {{"dog", 0.4F, std::nullopt}};
  FrameInference inference = create();
  for (int i = 0; i < 3; ++i) objects_of(inference);
  PipelineSpec asked = *spec_.pipeline;
  asked.detect.per_class = {{"dog", 0.6F, std::nullopt}, {"cat", 0.95F, std::nullopt}};
  ASSERT_TRUE(inference.tune(tuning_of(asked)));
  EXPECT_EQ(objects_of(inference).size(), 2U) << "both are tracked";
  asked.track = false;
  ASSERT_TRUE(inference.tune(tuning_of(asked)));
  EXPECT_TRUE(objects_of(inference).empty());
  asked.track = true;
  ASSERT_TRUE(inference.tune(tuning_of(asked)));
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(objects_of(inference).empty()) << "not sure enough";
}

TEST_F(FrameInferenceTest, AnEventTellsWhatTheStagesSayOfItsObjectInItsFrameAndAtItsEnd) {
  spec_.pipeline->track = true;
  spec_.pipeline->crops = {tone("tone")};
  FrameInference inference = create();
  infer(inference);
  infer(inference);
  const Inference third = infer(inference);
  ASSERT_EQ(third.events.size(), 1U);
  EXPECT_EQ(third.events[0].event.kind, EventKind::TrackNew);
  ASSERT_EQ(third.events[0].event.object.attributes.size(), 1U);
  EXPECT_EQ(third.events[0].event.object.attributes[0].text, "grey");
  const auto ended = inference.wait();
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].event.kind, EventKind::TrackEnd);
  EXPECT_EQ(ended[0].event.object.attributes.size(), 1U);
}

TEST_F(FrameInferenceTest, WhatAFrameHasNoRoomForItsEventsTellAllTheSame) {
  constexpr std::size_t kStages = limits::kPipelineStages - 1;
  constexpr std::size_t kThings = limits::kAttributesPerFrame / kStages + 1;
  std::vector<float> boxes;
  for (std::size_t i = 0; i < kThings; ++i) {
    const auto x = static_cast<float>(i % 8 * 8);
    const auto y = static_cast<float>(16 + i / 8 * 5);
    boxes.insert(boxes.end(), {x, y, x + 7, y + 4, 0.9F, 0});
  }
  test::OnnxWriter model;
  model.input({"images", {"1", "3", "64", "64"}})
      .output({"out", {"1", std::to_string(kThings), "6"}})
      .weight("boxes", {1, kThings, 6}, boxes)
      .node("Identity", "boxes", "out")
      .metadata("names", "{0: 'cat'}");
  dir_.write("models/made.onnx", model.bytes());
  spec_.pipeline->track = true;
  spec_.pipeline->crop_budget = std::chrono::seconds{100};
  for (std::size_t i = 0; i < kStages; ++i) {
    spec_.pipeline->crops.push_back(tone("tone" + std::to_string(i)));
    spec_.pipeline->crops.back().of.min_side = 1;
  }
  FrameInference inference = create();
  infer(inference);
  infer(inference);
  const Inference third = infer(inference);
  ASSERT_EQ(third.objects.size(), kThings);
  EXPECT_TRUE(third.objects.back().attributes.empty());
  ASSERT_EQ(third.events.size(), kThings);
  for (const ClassedEvent& classed : third.events) {
    EXPECT_EQ(classed.event.object.attributes.size(), kStages);
  }
}

}  // namespace
}  // namespace bulkhead::worker
