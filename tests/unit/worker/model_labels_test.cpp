#include "worker/detect/model_labels.hpp"

#include <gtest/gtest.h>

#include "common/limits.hpp"

namespace bulkhead::worker {
namespace {

using Labels = std::vector<std::string>;

const Labels kCoco(80, "coco");

OnnxSignature with_names(const std::string& names) {
  OnnxSignature model;
  if (!names.empty()) model.metadata["names"] = names;
  return model;
}

TEST(ModelLabelsTest, NamesAreReadAsPythonWritesThem) {
  EXPECT_EQ(parse_ultralytics_names("{0: 'person', 1: 'traffic light'}"),
            (Labels{"person", "traffic light"}));
  EXPECT_EQ(parse_ultralytics_names(R"({0: "driver's seat", 1: 'a\'b"c', 2: 'x, y}'})"),
            (Labels{"driver's seat", R"(a'b"c)", "x, y}"}));
  EXPECT_EQ(parse_ultralytics_names("{0:'a',1:'b',}"), (Labels{"a", "b"}));
}

TEST(ModelLabelsTest, WhatIsNoDictionaryOfNamesGivesNone) {
  for (const char* text : {"", "{", "{}", "['a', 'b']", "{0: 'a'", "{0: 'a', 2: 'b'}", "{1: 'a'}",
                           "{0: 5}", "{0: 'a' 1: 'b'}", "{0: 'a\\", "{-1: 'a'}", "{0 'a'}"}) {
    EXPECT_TRUE(parse_ultralytics_names(text).empty()) << text;
  }
}

TEST(ModelLabelsTest, TheNumberOfNamesIsLimited) {
  std::string text = "{";
  for (std::size_t i = 0; i <= limits::kLabels; ++i) text += std::to_string(i) + ": 'x', ";
  EXPECT_TRUE(parse_ultralytics_names(text + "}").empty());
}

TEST(ModelLabelsTest, ThePipelinesLabelsComeFirstThenTheModelsThenTheCatalogues) {
  CatalogEntry entry;
  entry.labels = {"c0", "c1"};
  const auto model = with_names("{0: 'm0', 1: 'm1'}");
  EXPECT_EQ(*choose_labels(2, {"p0", "p1"}, model, entry, kCoco), (Labels{"p0", "p1"}));
  EXPECT_EQ(*choose_labels(2, {}, model, entry, kCoco), (Labels{"m0", "m1"}));
  EXPECT_EQ(*choose_labels(2, {}, {}, entry, kCoco), (Labels{"c0", "c1"}));
}

TEST(ModelLabelsTest, EightyClassesWithoutNamesAreCocosAndOthersAreNumbered) {
  EXPECT_EQ(*choose_labels(80, {}, {}, std::nullopt, kCoco), kCoco);
  EXPECT_EQ(*choose_labels(2, {}, {}, std::nullopt, kCoco), (Labels{"class_0", "class_1"}));
}

TEST(ModelLabelsTest, AWrongNumberOfNamesIsRefusedWithBothNumbers) {
  const auto given = choose_labels(3, kCoco, {}, std::nullopt, kCoco);
  ASSERT_FALSE(given);
  EXPECT_EQ(given.error().code, ErrorCode::ModelInvalid);
  EXPECT_EQ(given.error().field, "labels");
  EXPECT_NE(given.error().message.find("3 classes"), std::string::npos);
  EXPECT_NE(given.error().message.find("80 names"), std::string::npos);
  EXPECT_FALSE(choose_labels(3, {}, with_names("{0: 'a'}"), std::nullopt, kCoco));
}

TEST(ModelLabelsTest, WhereTheOutputDoesNotShowItTheNamesTellHowManyClassesThereAre) {
  EXPECT_EQ(choose_labels(0, {}, with_names("{0: 'a', 1: 'b'}"), std::nullopt, kCoco)->size(), 2U);
  const auto none = choose_labels(0, {}, {}, std::nullopt, kCoco);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().field, "labels");
}

}  // namespace
}  // namespace bulkhead::worker
