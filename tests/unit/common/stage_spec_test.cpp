#include "common/stage_spec.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "common/limits.hpp"
#include "common/pipeline_spec.hpp"

namespace bulkhead {
namespace {

using nlohmann::json;

json body_stage() { return {{"type", "classify"}, {"attribute", "body"}, {"model", "mobilenet"}}; }

json plate_stage() {
  return {{"type", "detect"},
          {"attribute", "plate"},
          {"model", "plates"},
          {"stages", {{{"type", "read"}, {"attribute", "text"}, {"model", "letters"}}}}};
}

json pipeline_of(const json& below) {
  return {{"name", "cars"},
          {"stages", {{{"type", "detect"}, {"model", "yolox_nano"}, {"stages", below}}}}};
}

/// Braces around one value would be that value.
json only(const json& stage) { return json::array({stage}); }

Result<PipelineSpec> read(const json& below) {
  return PipelineSpec::from_json(pipeline_of(below), "p");
}

Error failure(const json& below) {
  const auto spec = read(below);
  return spec ? Error{} : spec.error();
}

json stage_with(json stage, const char* key, const json& value) {
  stage[key] = value;
  return stage;
}

TEST(StageSpec, ATreeIsReadWithEachStageAfterItsParent) {
  const auto spec = read({plate_stage(), body_stage()});
  ASSERT_TRUE(spec) << spec.error().message;
  ASSERT_EQ(spec->crops.size(), 3U);
  EXPECT_EQ(spec->crops[0].attribute, "plate");
  EXPECT_EQ(spec->crops[0].parent, std::nullopt);
  EXPECT_EQ(spec->crops[1].attribute, "text");
  EXPECT_EQ(spec->crops[1].parent, 0U);
  EXPECT_EQ(spec->crops[2].attribute, "body");
  EXPECT_EQ(spec->crops[2].parent, std::nullopt);
  EXPECT_EQ(models_of(*spec),
            (std::vector<std::string>{"yolox_nano", "plates", "letters", "mobilenet"}));
}

TEST(StageSpec, WhatIsWrittenReadsBackAsTheSame) {
  json body = body_stage();
  body["activation"] = "sigmoid";
  body["pixels"] = "bgr_1";
  body["classes"] = {"van", "bus"};
  body["labels"] = {"van", "bus", "car"};
  body["minConfidence"] = 0.7;
  body["threads"] = 2;
  body["of"] = {{"classes", {"car"}},
                {"zones", {"gate"}},
                {"minConfidence", 0.5},
                {"minSide", 40},
                {"padding", 0.1}};
  body["votes"] = 9;
  body["everyN"] = 3;
  json plate = plate_stage();
  plate["stages"][0]["alphabet"] = "01_";
  plate["layout"] = "yolov5_landmarks";
  json pipeline = pipeline_of({body, plate});
  pipeline["cropBudgetMs"] = 25;
  pipeline["cropThreads"] = 3;
  const auto spec = PipelineSpec::from_json(pipeline, "p");
  ASSERT_TRUE(spec) << spec.error().message;
  const auto again = PipelineSpec::from_json(spec->to_json(), "p");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*again, *spec);
  EXPECT_EQ(spec->crop_budget, std::chrono::milliseconds{25});
  EXPECT_EQ(spec->crop_threads, 3U);
  EXPECT_EQ(spec->crops[0].of.min_side, 40U);
  EXPECT_EQ(spec->to_json(), again->to_json());
}

TEST(StageSpec, AStageOfAnUnknownTypeIsRefusedWithTheKnownOnes) {
  EXPECT_EQ(
      failure(only(stage_with(body_stage(), "type", "blur"))).message,
      "p.stages[0].stages[0].type: \"blur\" is not known; use one of: classify, read, detect");
  json untyped = body_stage();
  untyped.erase("type");
  EXPECT_EQ(failure(only(untyped)).field, "p.stages[0].stages[0].type");
}

TEST(StageSpec, AnErrorDeepInTheTreeNamesItsPath) {
  json plate = plate_stage();
  plate["stages"][0]["minConfidence"] = 2;
  EXPECT_EQ(failure({body_stage(), plate}).field, "p.stages[0].stages[1].stages[0].minConfidence");
  EXPECT_EQ(failure(only(stage_with(body_stage(), "of", {{"minSize", 3}}))).message,
            "p.stages[0].stages[0].of.minSize: is not known; did you mean \"minSide\"?");
}

TEST(StageSpec, TwoStagesCannotSayTheSameAttribute) {
  const Error error = failure({body_stage(), body_stage()});
  EXPECT_EQ(error.field, "p.stages[0].stages[1].attribute");
  EXPECT_NE(error.message.find("give each its own name"), std::string::npos);
}

TEST(StageSpec, OnlyADetectorHasStagesBelowIt) {
  EXPECT_EQ(failure(only(stage_with(body_stage(), "stages", only(body_stage())))).field,
            "p.stages[0].stages[0].stages");
}

TEST(StageSpec, TheDepthOfTheTreeIsLimited) {
  json deep = plate_stage();
  deep["stages"] = only(stage_with(plate_stage(), "attribute", "inner"));
  const Error error = failure(only(deep));
  EXPECT_EQ(error.field, "p.stages[0].stages[0].stages[0].stages");
  deep["stages"][0]["stages"] = json::array();
  EXPECT_TRUE(read(only(deep)));
}

TEST(StageSpec, TheNumberOfStagesIsLimited) {
  json most = json::array();
  for (std::size_t i = 1; i < limits::kPipelineStages; ++i) {
    most.push_back(stage_with(body_stage(), "attribute", "a" + std::to_string(i)));
  }
  EXPECT_TRUE(read(most));
  most.push_back(body_stage());
  EXPECT_EQ(failure(most).field, "p.stages[0].stages[15]");
}

TEST(StageSpec, NumbersAreTakenAtTheirLimitsAndNotPastThem) {
  struct Case {
    const char* key;
    json good;
    json bad;
  };
  for (const Case& c : {
           Case{"votes", 1, 0},
           Case{"votes", 1000, 1001},
           Case{"everyN", 1000, 1001},
           Case{"minConfidence", 1, 1.01},
           Case{"threads", 64, 65},
           Case{"of", {{"padding", 1}}, {{"padding", 1.01}}},
           Case{"of", {{"minSide", 8192}}, {{"minSide", 8193}}},
       }) {
    EXPECT_TRUE(read(only(stage_with(body_stage(), c.key, c.good)))) << c.key;
    EXPECT_FALSE(read(only(stage_with(body_stage(), c.key, c.bad)))) << c.key;
  }
  for (const auto& [budget, good] : {std::pair{1, true}, {1000, true}, {0, false}, {1001, false}}) {
    json pipeline = pipeline_of(only(body_stage()));
    pipeline["cropBudgetMs"] = budget;
    EXPECT_EQ(PipelineSpec::from_json(pipeline, "p").has_value(), good) << budget;
  }
  for (const auto& [threads, good] : {std::pair{1, true}, {8, true}, {0, false}, {9, false}}) {
    json pipeline = pipeline_of(only(body_stage()));
    pipeline["cropThreads"] = threads;
    EXPECT_EQ(PipelineSpec::from_json(pipeline, "p").has_value(), good) << threads;
  }
}

TEST(StageSpec, ZonesAreAskedForDirectlyBelowTheRootAndNoMoreThanASessionHas) {
  const auto in_zones = [](std::size_t count) {
    return json{{"zones", std::vector<std::string>(count, "gate")}};
  };
  EXPECT_TRUE(read(only(stage_with(body_stage(), "of", in_zones(limits::kZones)))));
  EXPECT_EQ(failure(only(stage_with(body_stage(), "of", in_zones(limits::kZones + 1)))).field,
            "p.stages[0].stages[0].of.zones");
  json plate = plate_stage();
  plate["stages"][0]["of"] = in_zones(1);
  EXPECT_EQ(failure(only(plate)).field, "p.stages[0].stages[0].stages[0].of.zones");
}

TEST(StageSpec, AnAlphabetHoldsItsBlank) {
  json reader = plate_stage()["stages"][0];
  reader["alphabet"] = "0123";
  EXPECT_EQ(failure(only(reader)).field, "p.stages[0].stages[0].blank");
  reader["blank"] = "0";
  EXPECT_TRUE(read(only(reader)));
  reader["alphabet"] = std::string(limits::kAlphabet, '0');
  EXPECT_TRUE(read(only(reader)));
  reader["alphabet"] = std::string(limits::kAlphabet + 1, '0');
  EXPECT_FALSE(read(only(reader)));
}

}  // namespace
}  // namespace bulkhead
