#include "supervisor/control/changed_spec.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "supervisor/control/embedded.hpp"

namespace bulkhead::supervisor {
namespace {

using nlohmann::json;

SessionSpec spec() {
  const json asked{
      {"subscriptionIdentifier", "gate"},
      {"rtspUrl", "rtsp://op:secret@10.0.0.5/a"},
      {"priority", 7},
      {"pipeline",
       {{"name", "people"},
        {"maxFps", 10},
        {"track", true},
        {"stages", {{{"type", "detect"}, {"model", "yolo11n"}, {"classes", {"person"}}}}}}}};
  SessionSpec made = SessionSpec::from_json(asked, "params").value();
  made.pipeline_name = "people";  // by which it was asked for
  return made;
}

Result<SessionSpec> changed(const json& changes) { return changed_spec(spec(), changes, "params"); }

TEST(ChangedSpecTest, WhatIsLeftOutStaysAsItIs) {
  EXPECT_EQ(changed(json::object()).value(), spec());
  const auto other = changed({{"priority", 2}});
  SessionSpec expected = spec();
  expected.priority = 2;
  EXPECT_EQ(other.value(), expected);
}

TEST(ChangedSpecTest, AScheduleLeavesWithItsClassAndIsReplacedWhole) {
  const json window{{"days", {"mon"}}, {"from", "08:00"}, {"to", "18:00"}};
  const json night{{"days", {"sat", "sun"}}, {"from", "22:00"}, {"to", "06:00"}};
  const auto scheduled = changed({{"availability", "scheduled"}, {"schedule", {window}}}).value();
  EXPECT_EQ(changed_spec(scheduled, {{"availability", "always"}}, "params").value(), spec());
  EXPECT_EQ(changed_spec(scheduled, {{"availability", nullptr}}, "params").value(), spec());
  EXPECT_EQ(changed_spec(scheduled, {{"priority", 7}}, "params").value(), scheduled);
  const auto other = changed_spec(scheduled, {{"schedule", {night}}}, "params").value();
  EXPECT_EQ(other.availability, Availability::Scheduled);
  ASSERT_EQ(other.schedule.size(), 1U);
  EXPECT_EQ(other.schedule[0].from, 22 * 60);
  EXPECT_EQ(changed({{"schedule", {night}}}).error().field, "params.schedule");
  EXPECT_EQ(changed({{"availability", "scheduled"}}).error().field, "params.schedule");
}

TEST(ChangedSpecTest, ThresholdsAndRateAreSetInThePipelineWhichThenHasNoNameToLookUp) {
  const auto tuned =
      changed({{"minConfidence", 0.6}, {"nmsIou", 0.5}, {"maxFps", 3}, {"track", false}}).value();
  EXPECT_EQ(tuned.pipeline->detect.min_confidence, 0.6F);
  EXPECT_EQ(tuned.pipeline->detect.nms_iou, 0.5F);
  EXPECT_EQ(tuned.pipeline->max_fps, 3);
  EXPECT_FALSE(tuned.pipeline->track);
  EXPECT_EQ(tuned.pipeline->detect.classes, std::vector<std::string>{"person"});
  EXPECT_EQ(tuned.pipeline_name, "");
}

TEST(ChangedSpecTest, WhatTheRootLooksAtIsSetInItsStageAndAClassIsChangedByItself) {
  const auto tuned = changed({{"perClass", {{"person", {{"minConfidence", 0.6}}}}},
                              {"everyN", 2},
                              {"motion", json::object()},
                              {"region", {{"xMin", 0.5}}},
                              {"masks", {{{0, 0}, {1, 0}, {1, 0.5}}}}})
                         .value();
  EXPECT_EQ(tuned.pipeline->detect.per_class.at(0).min_confidence, 0.6F);
  EXPECT_EQ(tuned.pipeline->frames.every_n, 2U);
  EXPECT_EQ(tuned.pipeline->frames.motion, MotionRule{});
  EXPECT_EQ(tuned.pipeline->frames.region->x_min, 0.5F);
  EXPECT_EQ(tuned.pipeline->frames.masks.size(), 1U);
  const auto again =
      changed_spec(tuned, {{"perClass", {{"person", nullptr}, {"car", {{"nmsIou", 0.4}}}}}},
                   "params")
          .value();
  EXPECT_EQ(again.pipeline->detect.per_class,
            (std::vector<ClassThreshold>{{"car", std::nullopt, 0.4F}}));
  EXPECT_EQ(again.pipeline->frames, tuned.pipeline->frames);
  EXPECT_EQ(changed({{"perClass", {{"car", {{"nmsIou", 2}}}}}}).error().field,
            "params.perClass.car.nmsIou");
  EXPECT_EQ(changed({{"region", {{"xMin", 2}}}}).error().field, "params.region.xMin");
}

TEST(ChangedSpecTest, NullReturnsToTheDefault) {
  const auto tuned = changed(
      {{"classes", nullptr}, {"maxFps", nullptr}, {"track", nullptr}, {"priority", nullptr}});
  EXPECT_TRUE(tuned->pipeline->detect.classes.empty());
  EXPECT_EQ(tuned->pipeline->max_fps, 0);
  EXPECT_FALSE(tuned->pipeline->track);
  EXPECT_EQ(tuned->priority, SessionSpec::kDefaultPriority);
}

TEST(ChangedSpecTest, AValueOutOfRangeIsRefusedByTheNameItWasGivenUnder) {
  const auto refused = [](const json& changes) { return changed(changes).error(); };
  EXPECT_EQ(refused({{"minConfidence", 1.5}}).field, "params.minConfidence");
  EXPECT_EQ(refused({{"minConfidence", 1.5}}).message.find("params.minConfidence:"), 0U);
  EXPECT_EQ(refused({{"maxFps", 1001}}).field, "params.maxFps");
  EXPECT_EQ(refused({{"track", "yes"}}).field, "params.track");
  EXPECT_EQ(refused({{"priority", 10}}).field, "params.priority");
  EXPECT_EQ(refused({{"noSuchParameter", 1}}).field, "params.noSuchParameter");
}

TEST(ChangedSpecTest, TheOldCamerasPasswordIsNotTakenToAnotherCamera) {
  const auto moved = changed({{"rtspUrl", "rtsp://10.0.0.9/b"}}).value();
  EXPECT_EQ(moved.url.host, "10.0.0.9");
  EXPECT_EQ(moved.url.user, "");
  EXPECT_EQ(moved.url.password, "");
}

TEST(ChangedSpecTest, AnotherPipelineTakesThePlaceOfTheOldOneWhole) {
  const auto other = changed({{"pipeline", "traffic"}}).value();
  EXPECT_EQ(other.pipeline_name, "traffic");
  EXPECT_FALSE(other.pipeline);
  const auto both = changed({{"pipeline", "traffic"}, {"maxFps", 3}});
  EXPECT_EQ(both.error().field, "params.pipeline");
}

TEST(ChangedSpecTest, WhoOwnsTheSessionIsNotChangedByAnybody) {
  EXPECT_EQ(changed({{"lifetime", "connection"}}).error().field, "params.lifetime");
}

TEST(ChangedSpecTest, EveryDescribedParameterIsKnown) {
  const json described = json::parse(kOpenRpcText).at("methods");
  for (const json& method : described) {
    if (method["name"] != "session.reconfigure") continue;
    for (const json& param : method["params"]) {
      const std::string key = param["name"];
      const auto wrong = changed({{key, json::array({json::array()})}});
      ASSERT_FALSE(wrong) << key;
      EXPECT_EQ(wrong.error().message.find("unknown"), std::string::npos) << wrong.error().message;
    }
  }
}

}  // namespace
}  // namespace bulkhead::supervisor
