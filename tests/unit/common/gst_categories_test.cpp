#include "common/gst_categories.hpp"

#include <gtest/gtest.h>

#include "common/limits.hpp"

namespace bulkhead {
namespace {

TEST(GstCategoriesTest, NamesAndLevelsAreRead) {
  EXPECT_EQ(parse_gst_categories("rtspsrc:6").value(),
            (std::vector<GstCategory>{{.name = "rtspsrc", .level = 6}}));
  EXPECT_EQ(
      parse_gst_categories("rtp*:1,GST_BUS:7").value(),
      (std::vector<GstCategory>{{.name = "rtp*", .level = 1}, {.name = "GST_BUS", .level = 7}}));
}

TEST(GstCategoriesTest, WhatIsNoCategoryIsRefused) {
  for (const char* wrong :
       {"", "rtspsrc", "rtspsrc:", ":6", "rtspsrc:0", "rtspsrc:8", "rtspsrc:9", "rtspsrc:66",
        "a:6,", ",a:6", "a:6,,b:6", "a b:6", "a:6;b:6", "a:-1", "a:b:6"}) {
    const auto parsed = parse_gst_categories(wrong);
    ASSERT_FALSE(parsed) << wrong;
    EXPECT_EQ(parsed.error().code, ErrorCode::InvalidParams);
    EXPECT_EQ(parsed.error().field, "categories");
  }
}

TEST(GstCategoriesTest, ThereAreNoMoreAndNoLongerOnesThanMayBe) {
  std::string most = "a:1";
  for (std::size_t i = 1; i < limits::kGstDebugCategories; ++i) most += ",a:1";
  EXPECT_TRUE(parse_gst_categories(most));
  EXPECT_FALSE(parse_gst_categories(most + ",a:1"));
  const std::string longest(limits::kGstDebugCategoryBytes - 2, 'a');
  EXPECT_TRUE(parse_gst_categories(longest + ":1"));
  EXPECT_FALSE(parse_gst_categories(longest + "a:1"));
}

}  // namespace
}  // namespace bulkhead
