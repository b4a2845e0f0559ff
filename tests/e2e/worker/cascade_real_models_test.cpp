#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "common/session_spec.hpp"
#include "tests/support/picture.hpp"
#include "tests/support/real_detector.hpp"
#include "worker/cascade/classifier.hpp"
#include "worker/cascade/crop.hpp"
#include "worker/cascade/text_reader.hpp"
#include "worker/pipeline/frame_inference.hpp"

// The stages below the root on real models and pictures: what they say is what is there to see.

namespace bulkhead::test {
namespace {

using nlohmann::json;
using worker::Classifier;
using worker::Detector;
using worker::Finding;
using worker::FrameInference;
using worker::TextReader;

worker::Frame picture(const std::string& name) {
  return to_i420(read_picture(kRealFolder / "images" / name));
}

/// Vehicles with their body and, where it is legible, their plate, its text and its colour.
json vehicles() {
  const json read = {
      {"type", "read"}, {"attribute", "plateText"}, {"model", "cct_xs_v2_plate_text"}};
  const json colour = {
      {"type", "classify"}, {"attribute", "plateColour"}, {"model", "hyperlpr_plate_colour"}};
  const json plate = {{"type", "detect"},
                      {"attribute", "plate"},
                      {"model", "hyperlpr_plate_detector"},
                      {"stages", {read, colour}}};
  const json body = {{"type", "classify"},
                     {"attribute", "body"},
                     {"model", "imagenet_mobilenet_v2"},
                     {"minConfidence", 0.3},
                     {"classes",
                      {"police van", "pickup", "trolleybus", "minivan", "sports car", "jeep",
                       "limousine", "convertible"}},
                     {"of", {{"padding", 0.1}}}};
  return {{"name", "vehicles"},
          {"cropBudgetMs", 1000},
          {"stages",
           {{{"type", "detect"},
             {"model", "yolo11n_dynamic.onnx"},
             {"classes", {"car", "bus", "truck"}},
             {"minConfidence", 0.5},
             {"stages", {plate, body}}}}}};
}

FrameInference inference_of(const json& pipeline) {
  auto spec = SessionSpec::from_json(
      {{"subscriptionIdentifier", "cam"}, {"rtspUrl", "rtsp://127.0.0.1/"}, {"pipeline", pipeline}},
      "session");
  EXPECT_TRUE(spec) << spec.error().message;
  auto inference = FrameInference::create(*spec, real_places());
  EXPECT_TRUE(inference) << inference.error().message;
  return *std::move(inference);
}

std::map<std::string, Attribute> attributes_of(const FrameInference& inference,
                                               const Object& object) {
  std::map<std::string, Attribute> attributes;
  for (const Attribute& attribute : object.attributes) {
    attributes[inference.card().attributes.at(attribute.stage).attribute] = attribute;
  }
  return attributes;
}

TEST(CascadeRealModelsTest, APlateWithinACarIsReadLetterByLetter) {
  FrameInference inference = inference_of(vehicles());
  const auto found = inference.infer(picture("plate_1287960.jpg"));
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_GE(found->objects.size(), 2U);
  const Object& car = found->objects[0];
  EXPECT_EQ(inference.card().labels.at(car.label_id), "car");
  auto said = attributes_of(inference, car);
  EXPECT_EQ(said["plateText"].text, "1287960");
  EXPECT_GT(said["plateText"].confidence, 0.9F);
  EXPECT_EQ(said["plateColour"].text, "blue");
  EXPECT_EQ(said["body"].text, "police van");
  // The plate lies where it is in the picture: right below the middle of the boot.
  ASSERT_TRUE(said["plate"].box);
  const Box plate = *said["plate"].box;
  EXPECT_NEAR(plate.x + plate.w / 2, 468, 8);
  EXPECT_NEAR(plate.y + plate.h / 2, 257, 8);
  EXPECT_EQ(found->crops.looked, 2 * found->objects.size());
}

TEST(CascadeRealModelsTest, APlateOfAnotherCountryHasItsColour) {
  FrameInference inference = inference_of(vehicles());
  const auto found = inference.infer(picture("plate_cn_hyperlpr_test.jpg"));
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_FALSE(found->objects.empty());
  auto said = attributes_of(inference, found->objects[0]);
  EXPECT_EQ(said["plateColour"].text, "green");
  // The reader knows Latin letters alone: the first sign of seven is left out.
  EXPECT_NE(said["plateText"].text.find("D51"), std::string::npos) << said["plateText"].text;
}

TEST(CascadeRealModelsTest, ObjectsAreTheSameWithTheCascadeAsWithoutIt) {
  json bare = vehicles();
  bare["stages"][0].erase("stages");
  FrameInference with = inference_of(vehicles());
  FrameInference without = inference_of(bare);
  for (const std::string name : {"plate_1287960.jpg", "bus.jpg", "dog.jpg"}) {
    const auto ours = with.infer(picture(name));
    const auto theirs = without.infer(picture(name));
    ASSERT_TRUE(ours && theirs);
    ASSERT_EQ(ours->objects.size(), theirs->objects.size()) << name;
    for (std::size_t i = 0; i < ours->objects.size(); ++i) {
      EXPECT_EQ(ours->objects[i].box.x, theirs->objects[i].box.x);
      EXPECT_EQ(ours->objects[i].confidence, theirs->objects[i].confidence);
      EXPECT_EQ(ours->objects[i].label_id, theirs->objects[i].label_id);
    }
  }
}

TEST(CascadeRealModelsTest, ABusIsATrolleybusAmongAThousandClasses) {
  ClassifyStage stage;
  stage.on.model = "imagenet_mobilenet_v2";
  auto classifier = Classifier::create(stage, real_places());
  ASSERT_TRUE(classifier) << classifier.error().message;
  auto detector = Detector::create(real_stage("yolo11n_dynamic.onnx"), real_places());
  ASSERT_TRUE(detector);
  const worker::Frame street = picture("bus.jpg");
  const auto found = detector->detect(street);
  ASSERT_TRUE(found);
  const auto bus = worker::crop(street, found->front().box, 0.1F);
  ASSERT_TRUE(bus);
  const auto finding = classifier->classify(std::span{&bus->frame, 1});
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->front().text, "trolleybus");
  // It takes the range of its numbers from all pictures of a run, so it gets one at a time.
  EXPECT_EQ(classifier->model().most_at_once(), 1U);
}

TEST(CascadeRealModelsTest, PlatesThatAreReadTogetherReadAsEachByItself) {
  ReadStage stage;
  stage.on.model = "cct_xs_v2_plate_text";
  auto reader = TextReader::create(stage, real_places());
  ASSERT_TRUE(reader) << reader.error().message;
  ASSERT_EQ(reader->model().most_at_once(), limits::kCropBatch);
  const worker::Frame street = picture("plate_1287960.jpg");
  const std::vector<worker::Frame> crops{worker::crop(street, {415, 240, 106, 34}, 0)->frame,
                                         worker::crop(street, {0, 0, 200, 90}, 0)->frame,
                                         worker::crop(street, {420, 242, 100, 30}, 0)->frame};
  const auto together = reader->read(crops);
  ASSERT_TRUE(together) << together.error().message;
  for (std::size_t i = 0; i < crops.size(); ++i) {
    const auto alone = reader->read(std::span{&crops[i], 1});
    ASSERT_TRUE(alone);
    EXPECT_EQ(together->at(i).text, alone->front().text);
    EXPECT_NEAR(together->at(i).confidence, alone->front().confidence, 1e-3F);
  }
}

TEST(CascadeRealModelsTest, AStageBelowADetectorLooksByItsOwnRuleAtWhatThatFound) {
  json pipeline = vehicles();
  json& below_plate = pipeline["stages"][0]["stages"][0]["stages"];
  below_plate[0]["of"] = {{"minSide", 500}};
  FrameInference inference = inference_of(pipeline);
  const auto found = inference.infer(picture("plate_1287960.jpg"));
  ASSERT_TRUE(found) << found.error().message;
  auto said = attributes_of(inference, found->objects.at(0));
  EXPECT_TRUE(said.contains("plate"));
  EXPECT_TRUE(said.contains("plateColour"));
  EXPECT_FALSE(said.contains("plateText")) << "no plate has 500 pixels";
}

TEST(CascadeRealModelsTest, BranchesBesideEachOtherSayWhatTheySayOneAfterTheOther) {
  json both = vehicles();
  both["cropThreads"] = 2;
  FrameInference beside = inference_of(both);
  FrameInference after = inference_of(vehicles());
  for (const std::string name : {"plate_1287960.jpg", "bus.jpg"}) {
    const auto ours = beside.infer(picture(name));
    const auto theirs = after.infer(picture(name));
    ASSERT_TRUE(ours && theirs);
    for (std::size_t i = 0; i < ours->objects.size(); ++i) {
      const auto& here = ours->objects[i].attributes;
      const auto& there = theirs->objects[i].attributes;
      ASSERT_EQ(here.size(), there.size()) << name;
      for (std::size_t k = 0; k < here.size(); ++k) {
        EXPECT_EQ(here[k].stage, there[k].stage);
        EXPECT_EQ(here[k].text, there[k].text);
      }
    }
  }
}

TEST(CascadeRealModelsTest, AModelOfAnotherKindIsRefusedWithWhatItWouldHaveToBe) {
  ClassifyStage classify;
  classify.on.model = "cct_xs_v1_plate_text";
  const auto classifier = Classifier::create(classify, real_places());
  ASSERT_FALSE(classifier);
  EXPECT_EQ(classifier.error().code, ErrorCode::ModelInvalid);
  EXPECT_NE(classifier.error().message.find("[1, 9, 37]"), std::string::npos)
      << classifier.error().message;
  ReadStage read;
  read.on.model = "imagenet_mobilenet_v2";
  read.alphabet = "01_";
  const auto reader = TextReader::create(read, real_places());
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().field, "alphabet");
  read.on.model = "cct_xs_v1_plate_text";
  const auto misfit = TextReader::create(read, real_places());
  ASSERT_FALSE(misfit);
  EXPECT_NE(misfit.error().message.find("37 symbols"), std::string::npos) << misfit.error().message;
}

TEST(CascadeRealModelsTest, ATrackIsLookedAtUntilItsVotesAreInAndKeepsItsAttributes) {
  json pipeline = vehicles();
  pipeline["track"] = true;
  for (json& stage : pipeline["stages"][0]["stages"]) stage["votes"] = 2;
  for (json& stage : pipeline["stages"][0]["stages"][0]["stages"]) stage["votes"] = 2;
  FrameInference inference = inference_of(pipeline);
  const worker::Frame still = picture("plate_1287960.jpg");
  std::uint64_t looked = 0;
  std::string text;
  for (int i = 1; i <= 40; ++i) {
    worker::Frame frame = still;
    frame.arrival_ns = i * 40'000'000LL;
    const auto found = inference.infer(frame);
    ASSERT_TRUE(found) << found.error().message;
    looked = found->crops.looked;
    const auto car = std::ranges::find_if(
        found->objects, [](const Object& object) { return object.track_id != 0; });
    if (car == found->objects.end()) continue;
    auto said = attributes_of(inference, *car);
    if (said.contains("plateText")) text = said["plateText"].text;
    if (i > 10) {
      EXPECT_EQ(said["body"].text, "police van") << i;
    }
  }
  EXPECT_EQ(looked, 0U) << "all have voted, or were looked at in vain often enough";
  EXPECT_EQ(text, "1287960");
}

}  // namespace
}  // namespace bulkhead::test
