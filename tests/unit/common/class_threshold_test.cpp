#include "common/class_threshold.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/limits.hpp"
#include "common/pipeline_spec.hpp"
#include "common/stage_limits.hpp"

namespace bulkhead {
namespace {

using nlohmann::json;

json pipeline_of_classes(const json& per_class) {
  return {{"name", "p"},
          {"stages", {{{"type", "detect"}, {"model", "m"}, {"perClass", per_class}}}}};
}

Result<PipelineSpec> read_classes(const json& per_class) {
  return PipelineSpec::from_json(pipeline_of_classes(per_class), "p");
}

Error class_failure(const json& per_class) {
  const auto spec = read_classes(per_class);
  return spec ? Error{} : spec.error();
}

TEST(ClassThresholdTest, AClassHasItsOwnConfidenceAndOverlapOrOneOfThem) {
  const json given{{"person", {{"minConfidence", 0.5}, {"nmsIou", 0.6}}},
                   {"car", {{"nmsIou", 0.3}}},
                   {"bus", {{"minConfidence", 0.2}}}};
  const auto spec = read_classes(given);
  ASSERT_TRUE(spec) << spec.error().message;
  EXPECT_EQ(spec->detect.per_class,
            (std::vector<ClassThreshold>{
                {"bus", 0.2F, std::nullopt}, {"car", std::nullopt, 0.3F}, {"person", 0.5F, 0.6F}}));
  EXPECT_EQ(spec->to_json()["stages"][0]["perClass"], given);
  EXPECT_EQ(PipelineSpec::from_json(spec->to_json(), "").value(), *spec);
}

TEST(ClassThresholdTest, ADetectorBelowTheRootHasThemToo) {
  json pipeline = pipeline_of_classes(json::object());
  pipeline["stages"][0]["stages"] =
      json::array({json{{"type", "detect"},
                        {"attribute", "plate"},
                        {"model", "plates"},
                        {"perClass", {{"plate", {{"minConfidence", 0.8}}}}}}});
  const auto spec = PipelineSpec::from_json(pipeline, "");
  ASSERT_TRUE(spec) << spec.error().message;
  const auto& plates = std::get<DetectStage>(spec->crops.at(0).work);
  EXPECT_EQ(plates.per_class.at(0).min_confidence, 0.8F);
}

TEST(ClassThresholdTest, AnErrorNamesTheClassAndTheField) {
  EXPECT_EQ(class_failure({{"person", {{"minConfidence", 1.5}}}}).message,
            "p.stages[0].perClass.person.minConfidence: 1.5 is out of range; give a number from "
            "0.0 to 1.0");
  EXPECT_EQ(class_failure({{"person", {{"nmsIoU", 0.5}}}}).message,
            "p.stages[0].perClass.person.nmsIoU: is not known; did you mean \"nmsIou\"?");
  EXPECT_EQ(class_failure({{"person", json::object()}}).message,
            "p.stages[0].perClass.person: says nothing; give minConfidence, nmsIou or both, or "
            "leave the class out");
  EXPECT_EQ(class_failure({{"person", 0.5}}).field, "p.stages[0].perClass.person");
  EXPECT_EQ(class_failure(json::array({"person"})).field, "p.stages[0].perClass");
}

TEST(ClassThresholdTest, NumbersLabelsAndTheirCountAreTakenAtTheirLimitsAndNotPastThem) {
  for (const auto* key : {"minConfidence", "nmsIou"}) {
    for (const auto& [value, good] : {std::pair{0.0, true}, {1.0, true}, {-0.01, false}}) {
      EXPECT_EQ(read_classes({{"a", {{key, value}}}}).has_value(), good) << key << value;
    }
  }
  const json some{{"minConfidence", 0.5}};
  EXPECT_TRUE(read_classes({{std::string(limits::kLabelBytes, 'l'), some}}));
  EXPECT_FALSE(read_classes({{std::string(limits::kLabelBytes + 1, 'l'), some}}));
  EXPECT_FALSE(read_classes({{"", some}}));
  EXPECT_EQ(class_failure({{"per\nson", some}}).field, "p.stages[0].perClass");
  json most = json::object();
  for (std::size_t i = 0; i < limits::kClassThresholds; ++i) most[std::to_string(i)] = some;
  EXPECT_TRUE(read_classes(most));
  most["one more"] = some;
  EXPECT_EQ(class_failure(most).field, "p.stages[0].perClass");
}

TEST(LabelThresholdTest, ALabelWithoutItsOwnHasTheUsualOne) {
  const LabelThreshold same{0.4F};
  EXPECT_EQ(same.of(7), 0.4F);
  EXPECT_EQ(same.least(), 0.4F);
  const LabelThreshold own{0.4F, {0.4F, 0.2F, 0.9F}};
  EXPECT_EQ(own.of(1), 0.2F);
  EXPECT_EQ(own.of(2), 0.9F);
  EXPECT_EQ(own.of(3), 0.4F);
  EXPECT_EQ(own.least(), 0.2F);
}

}  // namespace
}  // namespace bulkhead
