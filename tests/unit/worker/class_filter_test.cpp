#include "worker/detect/class_filter.hpp"

#include <gtest/gtest.h>

namespace bulkhead::worker {
namespace {

const std::vector<std::string> kPets{"cat", "dog", "cat"};

DetectStage stage_of(std::vector<ClassThreshold> per_class) {
  DetectStage stage;
  stage.min_confidence = 0.4F;
  stage.per_class = std::move(per_class);
  return stage;
}

TEST(ClassFilterTest, WithoutClassesOfTheirOwnAllAreAskedTheSame) {
  const auto filter = class_filter(stage_of({}), 0.7F, kPets).value();
  EXPECT_TRUE(filter.wanted.empty());
  EXPECT_EQ(filter.min_confidence, LabelThreshold{0.4F});
  EXPECT_EQ(filter.max_iou, LabelThreshold{0.7F});
}

TEST(ClassFilterTest, AClassThatTheModelHasTwiceIsBoth) {
  const auto filter =
      class_filter(stage_of({{"cat", 0.9F, std::nullopt}, {"dog", std::nullopt, 0.3F}}), 0.7F,
                   kPets)
          .value();
  for (const auto cat : {std::uint16_t{0}, std::uint16_t{2}}) {
    EXPECT_EQ(filter.min_confidence.of(cat), 0.9F);
    EXPECT_EQ(filter.max_iou.of(cat), 0.7F) << "the usual one";
  }
  EXPECT_EQ(filter.min_confidence.of(1), 0.4F) << "the stage's";
  EXPECT_EQ(filter.max_iou.of(1), 0.3F);
}

TEST(ClassFilterTest, AnUnknownClassIsRefusedByTheFieldThatNamesIt) {
  DetectStage stage = stage_of({{"giraffe", 0.9F, std::nullopt}});
  const auto own = class_filter(stage, 0.7F, kPets);
  ASSERT_FALSE(own);
  EXPECT_EQ(own.error().code, ErrorCode::InvalidParams);
  EXPECT_EQ(own.error().field, "perClass");
  EXPECT_EQ(own.error().message,
            "perClass: the model has no class \"giraffe\"; its 3 classes start with \"cat\"");
  stage.per_class.clear();
  stage.classes = {"giraffe"};
  EXPECT_EQ(class_filter(stage, 0.7F, kPets).error().field, "classes");
}

}  // namespace
}  // namespace bulkhead::worker
