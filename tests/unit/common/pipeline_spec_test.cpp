#include "common/pipeline_spec.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/limits.hpp"

namespace bulkhead {
namespace {

using nlohmann::json;

json smallest_pipeline() {
  return {{"name", "cars"}, {"stages", {{{"type", "detect"}, {"model", "yolox_nano"}}}}};
}

json with_stage(const std::string& key, const json& value) {
  json pipeline = smallest_pipeline();
  pipeline["stages"][0][key] = value;
  return pipeline;
}

Error pipeline_failure(const json& pipeline) {
  const auto spec = PipelineSpec::from_json(pipeline, "params.pipeline");
  EXPECT_FALSE(spec) << pipeline;
  return spec ? Error{ErrorCode::None, {}, {}} : spec.error();
}

bool accepts(const json& pipeline) {
  return PipelineSpec::from_json(pipeline, "params.pipeline").has_value();
}

TEST(PipelineSpec, TheSmallestPipelineNamesAModel) {
  const auto spec = PipelineSpec::from_json(smallest_pipeline(), "");
  ASSERT_TRUE(spec) << spec.error().message;
  PipelineSpec expected;
  expected.name = "cars";
  expected.detect.model = "yolox_nano";
  EXPECT_EQ(*spec, expected);
}

TEST(PipelineSpec, EveryFieldIsRead) {
  const json pipeline{{"name", "all"},
                      {"maxFps", 7.5},
                      {"track", true},
                      {"stages",
                       {{{"type", "detect"},
                         {"model", "/m/a.onnx"},
                         {"engine", "opencv"},
                         {"layout", "yolov10"},
                         {"input", {{"width", 640}, {"height", 384}}},
                         {"minConfidence", 0.1},
                         {"nmsIou", 0.45},
                         {"classes", {"car"}},
                         {"labels", {"car", "bus"}},
                         {"threads", 4}}}}};
  const auto spec = PipelineSpec::from_json(pipeline, "");
  ASSERT_TRUE(spec) << spec.error().message;
  EXPECT_EQ(spec->max_fps, 7.5);
  EXPECT_TRUE(spec->track);
  const DetectStage& stage = spec->detect;
  EXPECT_EQ(stage.model, "/m/a.onnx");
  EXPECT_EQ(stage.engine, Engine::OpenCv);
  EXPECT_EQ(stage.layout, OutputLayout::EndToEnd6);
  EXPECT_EQ(stage.input_width, 640U);
  EXPECT_EQ(stage.input_height, 384U);
  EXPECT_EQ(stage.min_confidence, 0.1F);
  EXPECT_EQ(stage.nms_iou, 0.45F);
  EXPECT_EQ(stage.classes, std::vector<std::string>{"car"});
  EXPECT_EQ(stage.labels, (std::vector<std::string>{"car", "bus"}));
  EXPECT_EQ(stage.intra_op_threads, 4U);
  EXPECT_EQ(spec->to_json(), pipeline);
}

TEST(PipelineSpec, EveryLayoutAndEngineReadsBackAsItself) {
  for (const auto* layout : {"auto", "yolox", "yolov5", "yolov8", "yolov10"}) {
    const auto spec = PipelineSpec::from_json(with_stage("layout", layout), "");
    ASSERT_TRUE(spec);
    EXPECT_EQ(spec->to_json()["stages"][0]["layout"], layout);
  }
  for (const auto* engine : {"onnxruntime", "opencv"}) {
    const auto spec = PipelineSpec::from_json(with_stage("engine", engine), "");
    ASSERT_TRUE(spec);
    EXPECT_EQ(spec->to_json()["stages"][0]["engine"], engine);
  }
}

TEST(PipelineSpec, ConfidencesPrintAsTheyWereWritten) {
  EXPECT_EQ(PipelineSpec{}.to_json()["stages"][0]["minConfidence"].dump(), "0.3");
}

TEST(PipelineSpec, NumbersAreAcceptedAtTheirLimitsAndRefusedPastThem) {
  struct Case {
    const char* key;
    json good;
    json bad;
  };
  const auto sides = [](int width, int height) {
    return json{{"width", width}, {"height", height}};
  };
  for (const Case& c : {
           Case{"minConfidence", 0, -0.01},
           Case{"minConfidence", 1, 1.01},
           Case{"nmsIou", 0, -0.01},
           Case{"nmsIou", 1, 1.01},
           Case{"threads", 1, 0},
           Case{"threads", 64, 65},
           Case{"input", sides(32, 32), sides(31, 32)},
           Case{"input", sides(2048, 2048), sides(2048, 2049)},
       }) {
    EXPECT_TRUE(accepts(with_stage(c.key, c.good))) << c.key << c.good;
    const Error error = pipeline_failure(with_stage(c.key, c.bad));
    EXPECT_EQ(error.code, ErrorCode::InvalidParams);
    EXPECT_TRUE(error.field.starts_with(std::string{"params.pipeline.stages[0]."} + c.key))
        << error.field;
  }
  for (const auto& [fps, good] :
       {std::pair{0.0, true}, {1000.0, true}, {-0.1, false}, {1000.1, false}}) {
    json pipeline = smallest_pipeline();
    pipeline["maxFps"] = fps;
    EXPECT_EQ(accepts(pipeline), good) << fps;
  }
}

TEST(PipelineSpec, AnErrorNamesThePathTheValueAndTheRemedy) {
  const Error error = pipeline_failure(with_stage("minConfidence", 1.5));
  EXPECT_EQ(error.message,
            "params.pipeline.stages[0].minConfidence: 1.5 is out of range; give a number from 0.0 "
            "to 1.0");
  EXPECT_EQ(error.field, "params.pipeline.stages[0].minConfidence");
}

TEST(PipelineSpec, AMisspeltKeyIsRefusedWithTheNearestName) {
  EXPECT_EQ(pipeline_failure(with_stage("minConfidense", 0.5)).message,
            "params.pipeline.stages[0].minConfidense: is not known; did you mean "
            "\"minConfidence\"?");
  EXPECT_EQ(pipeline_failure(with_stage("input", {{"width", 64}, {"hight", 64}})).message,
            "params.pipeline.stages[0].input.height: is missing; give both width and height");
}

TEST(PipelineSpec, AnotherStageTypeIsRefusedWithTheRemedy) {
  json pipeline = smallest_pipeline();
  pipeline["stages"] = {{{"type", "blur"}, {"radius", 3}}};
  EXPECT_EQ(pipeline_failure(pipeline).message,
            "params.pipeline.stages[0].type: stage type \"blur\" is not supported at the root; "
            "begin with \"detect\" and put stages of other types into its \"stages\"");
}

TEST(PipelineSpec, ExactlyOneDetectStageIsTaken) {
  json pipeline = smallest_pipeline();
  pipeline["stages"].push_back(pipeline["stages"][0]);
  EXPECT_EQ(
      pipeline_failure(pipeline).message,
      "params.pipeline.stages[1]: is a second stage at the root; put it into the \"stages\" of "
      "the first");
  for (const json& stages : {json::array(), json(nullptr), json("detect"), json(json::object())}) {
    pipeline["stages"] = stages;
    EXPECT_EQ(pipeline_failure(pipeline).field, "params.pipeline.stages");
  }
  pipeline["stages"] = json::array({"detect"});
  EXPECT_EQ(pipeline_failure(pipeline).field, "params.pipeline.stages[0]");
}

TEST(PipelineSpec, AStageNeedsTypeAndModel) {
  json pipeline = smallest_pipeline();
  pipeline["stages"][0].erase("model");
  EXPECT_EQ(pipeline_failure(pipeline).field, "params.pipeline.stages[0].model");
  pipeline["stages"][0].erase("type");
  EXPECT_EQ(pipeline_failure(pipeline).field, "params.pipeline.stages[0].type");
  EXPECT_TRUE(accepts(with_stage("model", std::string(limits::kPathBytes, 'm'))));
  EXPECT_FALSE(accepts(with_stage("model", std::string(limits::kPathBytes + 1, 'm'))));
}

TEST(PipelineSpec, ListsOfLabelsAreLimited) {
  const std::vector<std::string> most(limits::kLabels, std::string(limits::kLabelBytes, 'l'));
  const std::vector<std::string> more(limits::kLabels + 1, "l");
  for (const auto* key : {"labels", "classes"}) {
    EXPECT_TRUE(accepts(with_stage(key, most)));
    EXPECT_FALSE(accepts(with_stage(key, more)));
    EXPECT_FALSE(accepts(with_stage(key, {std::string(limits::kLabelBytes + 1, 'l')})));
  }
}

TEST(PipelineSpec, NamesAreFitForFileNames) {
  for (const auto& [name, good] : {std::pair<std::string, bool>{"a", true},
                                   {std::string(limits::kNameChars, 'a'), true},
                                   {std::string(limits::kNameChars + 1, 'a'), false},
                                   {"", false},
                                   {"..", false},
                                   {".a", false},
                                   {"a/b", false},
                                   {"a b", false},
                                   {"a..b-C_9", true}}) {
    EXPECT_EQ(is_pipeline_name(name), good) << name;
    json pipeline = smallest_pipeline();
    pipeline["name"] = name;
    EXPECT_EQ(accepts(pipeline), good) << name;
  }
}

TEST(PipelineSpec, TwoSpecsAreEqualOnlyWhereEveryFieldIs) {
  const auto spec = PipelineSpec::from_json(smallest_pipeline(), "").value();
  EXPECT_EQ(spec, PipelineSpec::from_json(spec.to_json(), "").value());
  const auto other = PipelineSpec::from_json(with_stage("minConfidence", 0.31), "").value();
  EXPECT_NE(spec, other);
}

}  // namespace
}  // namespace bulkhead
