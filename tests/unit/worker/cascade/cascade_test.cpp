#include "worker/cascade/cascade.hpp"

#include <gtest/gtest.h>

#include "common/limits.hpp"
#include "tests/support/onnx_writer.hpp"
#include "tests/support/pictures.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::worker {
namespace {

using test::OnnxWriter;
using test::plain_bgr;

const std::vector<std::string> kLabels{"cat", "dog"};

/// Small models in a real engine: one tells the colour of a crop by the mean of each of its planes.
class CascadeTest : public ::testing::Test {
 protected:
  CascadeTest() {
    OnnxWriter colour;
    colour.input({"in", {"1", "3", "8", "8"}})
        .output({"out", {"1", "3", "1", "1"}})
        .node("GlobalAveragePool", "in", "out");
    dir_.write("models/colour.onnx", colour.bytes());
  }

  static CropStage colour(std::string attribute) {
    ClassifyStage classify;
    classify.on.model = "colour.onnx";
    classify.on.pixels = PixelRule::Rgb1;
    classify.labels = {"red", "green", "blue"};
    return {
        .attribute = std::move(attribute), .parent = {}, .of = {}, .votes = {}, .work = classify};
  }

  Cascade create() {
    auto cascade = Cascade::create(pipeline_, kLabels, places_);
    EXPECT_TRUE(cascade) << cascade.error().message;
    return *std::move(cascade);
  }

  static Object object(float x, float side, std::uint16_t label = 0, std::uint32_t track = 0) {
    return {.box = {x, 0, side, side},
            .confidence = 0.5F,
            .label_id = label,
            .track_id = track,
            .attributes = {}};
  }

  test::TempDir dir_;
  PipelineSpec pipeline_;
  DetectorPlaces places_{.catalog = dir_.write("models.json", R"({"models": []})"),
                         .model_dir = dir_.path() / "models",
                         .cache_dir = {}};
  Frame blue_ = plain_bgr(1, 100, 100, 250, 10, 10);
  Frame green_ = plain_bgr(2, 100, 100, 10, 250, 10);
};

TEST_F(CascadeTest, AnObjectGetsTheAttributesOfItsStagesInTheirOrder) {
  pipeline_.crops = {colour("coat"), colour("hat")};
  Cascade cascade = create();
  EXPECT_EQ(cascade.cards().at(1).attribute, "hat");
  EXPECT_EQ(cascade.cards().at(1).model, "colour");
  std::vector<Object> objects{object(0, 50)};
  const auto work = cascade.describe(blue_, false, objects);
  ASSERT_TRUE(work) << work.error().message;
  EXPECT_EQ(work->looked, 2U);
  ASSERT_EQ(objects[0].attributes.size(), 2U);
  EXPECT_EQ(objects[0].attributes[0].stage, 0);
  EXPECT_EQ(objects[0].attributes[0].text, "blue");
  EXPECT_EQ(objects[0].attributes[1].stage, 1);
}

TEST_F(CascadeTest, OnlyWhatItsRuleTakesIsLookedAt) {
  pipeline_.crops = {colour("coat")};
  pipeline_.crops[0].of = {
      .classes = {"dog"}, .zones = {}, .min_confidence = 0.5F, .min_side = 20, .padding = 0};
  Cascade cascade = create();
  std::vector<Object> objects{object(0, 50, 1), object(0, 50, 0), object(0, 19, 1),
                              object(0, 20, 1), object(0, 50, 9)};
  objects.push_back(object(0, 50, 1));
  objects.back().confidence = 0.49F;
  ASSERT_TRUE(cascade.describe(blue_, false, objects));
  std::vector<std::size_t> told;
  for (const Object& each : objects) told.push_back(each.attributes.size());
  EXPECT_EQ(told, (std::vector<std::size_t>{1, 0, 0, 1, 0, 0}));
}

TEST_F(CascadeTest, OnlyWhoStandsInOneOfTheNamedZonesIsLookedAt) {
  pipeline_.crops = {colour("coat"), colour("hat")};
  pipeline_.crops[0].of.zones = {"gate", "yard", "nowhere"};
  Cascade cascade = create();
  EXPECT_TRUE(cascade.asks_for_zones());
  std::vector<ZoneSpec> zones(3);
  zones[0].name = "street";
  zones[1].name = "gate";
  zones[2].name = "yard";
  cascade.take_zones(zones);
  const auto looked_at = [&] {
    std::vector<std::size_t> told;
    for (const std::uint32_t bits : {0U, 1U, 2U, 5U}) {
      std::vector<Object> objects{object(0, 50)};
      objects[0].zones = bits;
      EXPECT_TRUE(cascade.describe(blue_, false, objects));
      told.push_back(objects[0].attributes.size());
    }
    return told;
  };
  EXPECT_EQ(looked_at(), (std::vector<std::size_t>{1, 1, 2, 2})) << "the hat is wanted everywhere";
  zones.pop_back();
  cascade.take_zones(zones);
  EXPECT_EQ(looked_at(), (std::vector<std::size_t>{1, 1, 2, 1})) << "there is no yard any more";
  cascade.take_zones({});
  EXPECT_EQ(looked_at(), (std::vector<std::size_t>{1, 1, 1, 1}));
}

TEST_F(CascadeTest, AFindingBelowItsMinimumIsNotTold) {
  pipeline_.crops = {colour("coat")};
  std::get<ClassifyStage>(pipeline_.crops[0].work).min_confidence = 0.99F;
  Cascade cascade = create();
  std::vector<Object> objects{object(0, 50)};
  ASSERT_TRUE(cascade.describe(blue_, false, objects));
  EXPECT_TRUE(objects[0].attributes.empty());
}

TEST_F(CascadeTest, PastItsBudgetTheRestIsLeftOutAndCountedButOneLookIsAlwaysHad) {
  pipeline_.crops = {colour("coat")};
  pipeline_.crop_budget = std::chrono::milliseconds{0};
  Cascade cascade = create();
  std::vector<Object> objects{object(0, 30), object(0, 60), object(0, 40)};
  const auto work = cascade.describe(blue_, false, objects);
  ASSERT_TRUE(work);
  EXPECT_EQ(work->looked, 1U);
  EXPECT_EQ(work->skipped, 2U);
  EXPECT_EQ(objects[1].attributes.size(), 1U) << "the largest comes first";
}

TEST_F(CascadeTest, WhatWasLookedAtLeastComesFirst) {
  pipeline_.crops = {colour("coat")};
  pipeline_.track = true;
  pipeline_.crop_budget = std::chrono::milliseconds{0};
  Cascade cascade = create();
  for (int frame = 0; frame < 3; ++frame) {
    std::vector<Object> objects{object(0, 60, 0, 1), object(0, 40, 0, 2), object(0, 30, 0, 3)};
    ASSERT_TRUE(cascade.describe(blue_, true, objects));
    // One more of the three each time, from the largest to the smallest.
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(objects[static_cast<std::size_t>(i)].attributes.size(), i <= frame ? 1U : 0U);
    }
  }
}

TEST_F(CascadeTest, ATrackKeepsWhatItsVotesSaidAndIsNotLookedAtAgain) {
  pipeline_.crops = {colour("coat")};
  pipeline_.crops[0].votes.votes = 2;
  Cascade cascade = create();
  for (int i = 0; i < 2; ++i) {
    std::vector<Object> objects{object(0, 60, 0, 7)};
    EXPECT_EQ(cascade.describe(blue_, true, objects)->looked, 1U);
  }
  std::vector<Object> objects{object(0, 60, 0, 7), object(0, 60, 0, 0)};
  EXPECT_EQ(cascade.describe(green_, true, objects)->looked, 0U);
  ASSERT_EQ(objects[0].attributes.size(), 1U);
  EXPECT_EQ(objects[0].attributes[0].text, "blue");
  EXPECT_TRUE(objects[1].attributes.empty()) << "not a track yet";
}

TEST_F(CascadeTest, BranchesOnThreadsOfTheirOwnSayTheSameInTheSameOrder) {
  pipeline_.crops = {colour("coat"), colour("hat"), colour("bag")};
  pipeline_.crop_threads = 2;
  pipeline_.crop_budget = std::chrono::seconds{100};
  Cascade cascade = create();
  for (int frame = 0; frame < 50; ++frame) {
    std::vector<Object> objects(9, object(0, 50));
    const auto work = cascade.describe(frame % 2 == 0 ? blue_ : green_, false, objects);
    ASSERT_TRUE(work);
    EXPECT_EQ(work->looked, 27U);
    for (const Object& each : objects) {
      ASSERT_EQ(each.attributes.size(), 3U);
      for (std::size_t stage = 0; stage < 3; ++stage) {
        EXPECT_EQ(each.attributes[stage].stage, stage);
        EXPECT_EQ(each.attributes[stage].text, frame % 2 == 0 ? "blue" : "green");
      }
    }
  }
}

TEST_F(CascadeTest, ManyObjectsGetEachItsOwnAttributeFromAModelThatTakesAFewAtOnce) {
  OnnxWriter open;
  open.input({"in", {"batch", "3", "8", "8"}})
      .output({"out", {"batch", "3", "1", "1"}})
      .node("GlobalAveragePool", "in", "out");
  dir_.write("models/colour.onnx", open.bytes());
  pipeline_.crops = {colour("coat")};
  pipeline_.crop_budget = std::chrono::seconds{100};
  Cascade cascade = create();
  // Blue on the left, green on the right.
  const Frame both = test::halves_bgr(100, 100, {250, 10, 10}, {10, 250, 10});
  for (int frame = 0; frame < 3; ++frame) {
    std::vector<Object> objects;
    for (int i = 0; i < 7; ++i) objects.push_back(object(i % 2 == 0 ? 0.0F : 60.0F, 40));
    const auto work = cascade.describe(both, false, objects);
    ASSERT_TRUE(work) << work.error().message;
    EXPECT_EQ(work->looked, 7U);
    for (std::size_t i = 0; i < objects.size(); ++i) {
      ASSERT_EQ(objects[i].attributes.size(), 1U);
      EXPECT_EQ(objects[i].attributes[0].text, i % 2 == 0 ? "blue" : "green");
    }
  }
}

TEST_F(CascadeTest, AttributesOfAFrameAreLimitedAndTheMostCertainObjectsKeepTheirs) {
  for (std::size_t i = 0; i + 1 < limits::kPipelineStages; ++i) {
    pipeline_.crops.push_back(colour("a" + std::to_string(i)));
  }
  pipeline_.crop_budget = std::chrono::seconds{100};
  Cascade cascade = create();
  std::vector<Object> objects(100, object(0, 50));
  ASSERT_TRUE(cascade.describe(blue_, false, objects));
  EXPECT_EQ(objects.back().attributes.size(), limits::kPipelineStages - 1);
  limit_attributes(objects);
  std::size_t told = 0;
  for (const Object& each : objects) told += each.attributes.size();
  EXPECT_EQ(told, limits::kAttributesPerFrame);
  EXPECT_EQ(objects.front().attributes.size(), limits::kPipelineStages - 1);
  EXPECT_TRUE(objects.back().attributes.empty());
}

TEST_F(CascadeTest, AClassThatTheStageAboveDoesNotHaveIsRefused) {
  pipeline_.crops = {colour("coat")};
  pipeline_.crops[0].of.classes = {"horse"};
  const auto cascade = Cascade::create(pipeline_, kLabels, places_);
  ASSERT_FALSE(cascade);
  EXPECT_EQ(cascade.error().field, "of.classes");
  EXPECT_NE(cascade.error().message.find("stage \"coat\""), std::string::npos);
}

TEST_F(CascadeTest, LabelsThatDoNotFitTheModelAreRefused) {
  pipeline_.crops = {colour("coat")};
  std::get<ClassifyStage>(pipeline_.crops[0].work).labels = {"red", "green"};
  const auto cascade = Cascade::create(pipeline_, kLabels, places_);
  ASSERT_FALSE(cascade);
  EXPECT_EQ(cascade.error().field, "labels");
}

}  // namespace
}  // namespace bulkhead::worker
