#include "common/frame_rules.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "common/pipeline_spec.hpp"
#include "common/stage_limits.hpp"

namespace bulkhead {
namespace {

using nlohmann::json;

json pipeline_of_rule(const char* key, const json& value) {
  json pipeline{{"name", "p"}, {"stages", {{{"type", "detect"}, {"model", "m"}}}}};
  pipeline["stages"][0][key] = value;
  return pipeline;
}

Result<PipelineSpec> read_rule(const char* key, const json& value) {
  return PipelineSpec::from_json(pipeline_of_rule(key, value), "p");
}

Error rule_failure(const char* key, const json& value) {
  const auto spec = read_rule(key, value);
  return spec ? Error{} : spec.error();
}

json corners_of(double x_min, double y_min, double x_max, double y_max) {
  return {{"xMin", x_min}, {"yMin", y_min}, {"xMax", x_max}, {"yMax", y_max}};
}

/// So many corners, none of whose edges cross.
json mask_of(std::size_t corners) {
  json points = json::array();
  points.push_back({0, 0});
  for (std::size_t i = 1; i < corners; ++i) {
    const double part = static_cast<double>(i) / static_cast<double>(corners);
    points.push_back({part, 0.5 + part * part / 2});
  }
  return points;
}

TEST(FrameRulesTest, EveryRuleIsReadAndWrittenAsItWas) {
  json pipeline = pipeline_of_rule("everyN", 3);
  json& stage = pipeline["stages"][0];
  stage["motion"] = {{"minArea", 0.01}, {"floorFps", 0.5}};
  stage["region"] = corners_of(0.2, 0.3, 0.8, 1);
  stage["masks"] = {{{0, 0}, {1, 0}, {1, 0.2}}, {{0.5, 0.5}, {0.6, 0.5}, {0.6, 0.6}, {0.5, 0.6}}};
  const auto spec = PipelineSpec::from_json(pipeline, "");
  ASSERT_TRUE(spec) << spec.error().message;
  const FrameRules& rules = spec->frames;
  EXPECT_EQ(rules.every_n, 3U);
  EXPECT_EQ(rules.motion, (MotionRule{0.01F, 0.5}));
  EXPECT_EQ(rules.region, (Region{0.2F, 0.3F, 0.8F, 1}));
  ASSERT_EQ(rules.masks.size(), 2U);
  EXPECT_EQ(rules.masks[0], (std::vector<Point>{{0, 0}, {1, 0}, {1, 0.2F}}));
  const json written = spec->to_json()["stages"][0];
  for (const auto* key : {"everyN", "motion", "region", "masks"}) {
    EXPECT_EQ(written[key], stage[key]) << key;
  }
  EXPECT_EQ(PipelineSpec::from_json(spec->to_json(), "").value(), *spec);
}

TEST(FrameRulesTest, WithoutARuleEveryFrameIsLookedAtAsAWhole) {
  const auto spec = PipelineSpec::from_json(pipeline_of_rule("everyN", 1), "").value();
  EXPECT_EQ(spec.frames, FrameRules{});
  const auto written = spec.to_json()["stages"][0];
  for (const auto* key : {"everyN", "motion", "region", "masks"}) EXPECT_FALSE(written.count(key));
}

TEST(FrameRulesTest, WhatAMotionRuleLeavesOutHasItsDefault) {
  EXPECT_EQ(read_rule("motion", json::object())->frames.motion, MotionRule{});
  EXPECT_EQ(read_rule("region", {{"xMin", 0.5}})->frames.region, (Region{0.5F, 0, 1, 1}));
}

TEST(FrameRulesTest, OnlyTheRootHasThem) {
  json pipeline = pipeline_of_rule("everyN", 1);
  const json plate{{"type", "detect"}, {"attribute", "plate"}, {"model", "plates"}};
  for (const auto* key : {"region", "masks", "motion"}) {
    json below = plate;
    below[key] = json::object();
    pipeline["stages"][0]["stages"] = json::array({below});
    const auto spec = PipelineSpec::from_json(pipeline, "p");
    ASSERT_FALSE(spec) << key;
    EXPECT_EQ(spec.error().field, "p.stages[0].stages[0]." + std::string{key});
  }
}

TEST(FrameRulesTest, NumbersAreTakenAtTheirLimitsAndNotPastThem) {
  struct Case {
    const char* key;
    json good;
    json bad;
    const char* field;
  };
  for (const Case& c : {
           Case{"everyN", 1, 0, "everyN"},
           Case{"everyN", limits::kEveryN, limits::kEveryN + 1, "everyN"},
           Case{"motion", {{"minArea", 0.0005}}, {{"minArea", 0.0004}}, "motion.minArea"},
           Case{"motion", {{"minArea", 1}}, {{"minArea", 1.01}}, "motion.minArea"},
           Case{"motion", {{"floorFps", 0.1}}, {{"floorFps", 0.09}}, "motion.floorFps"},
           Case{"motion", {{"floorFps", 1000}}, {{"floorFps", 1000.1}}, "motion.floorFps"},
           Case{"region", corners_of(0, 0, 1, 1), corners_of(-0.01, 0, 1, 1), "region.xMin"},
           Case{"region", corners_of(0.05, 0, 0.06, 1), corners_of(0.05, 0, 0.059, 1),
                "region.xMax"},
           Case{"region", corners_of(0, 0.5, 1, 0.75), corners_of(0, 0.5, 1, 0.25), "region.yMax"},
           Case{"masks", json::array(), json::object(), "masks"},
           Case{"masks", json::array({mask_of(3)}), json::array({mask_of(2)}), "masks[0]"},
           Case{"masks",
                {mask_of(3), mask_of(limits::kMaskPoints)},
                {mask_of(3), mask_of(limits::kMaskPoints + 1)},
                "masks[1]"},
           Case{"masks", json(limits::kMasks, mask_of(3)), json(limits::kMasks + 1, mask_of(3)),
                "masks"},
       }) {
    const auto good = read_rule(c.key, c.good);
    EXPECT_TRUE(good) << c.key << c.good << (good ? "" : good.error().message);
    const Error error = rule_failure(c.key, c.bad);
    EXPECT_EQ(error.field, std::string{"p.stages[0]."} + c.field) << c.bad;
    EXPECT_EQ(error.code, ErrorCode::InvalidParams);
  }
}

TEST(FrameRulesTest, AMaskThatIsNoAreaIsRefusedWithTheRemedy) {
  const json bow_tie = {{{0, 0}, {1, 1}, {1, 0}, {0, 1}}};
  EXPECT_EQ(rule_failure("masks", bow_tie).message,
            "p.stages[0].masks[0]: crosses or touches itself; give its corners in order around the "
            "area");
  EXPECT_EQ(rule_failure("masks", {{{0, 0}, {0, 0}, {1, 0}, {0, 1}}}).field,
            "p.stages[0].masks[0]");
  EXPECT_EQ(rule_failure("masks", {{{0, 0}, {1, 1.5}, {1, 0}}}).field, "p.stages[0].masks[0][1]");
}

TEST(FrameRulesTest, ARegionThatEndsBeforeItBeginsIsRefusedWithTheRemedy) {
  EXPECT_EQ(rule_failure("region", corners_of(0.5, 0, 0.25, 1)).message,
            "p.stages[0].region.xMax: leaves less than a hundredth of the picture; give more than "
            "xMin, which is 0.5");
}

TEST(FrameRulesTest, AllOfItAtItsLimitsFitsIntoACommand) {
  FrameRules rules{.every_n = 1000, .motion = MotionRule{}, .region = Region{}, .masks = {}};
  for (std::size_t i = 0; i < limits::kMasks; ++i) {
    rules.masks.emplace_back(limits::kMaskPoints, Point{0.000012345678F, 0.000012345678F});
  }
  json written = json::object();
  write_frame_rules(rules, written);
  EXPECT_LE(written.dump().size(), limits::kFrameRulesJsonBytes);
}

}  // namespace
}  // namespace bulkhead
