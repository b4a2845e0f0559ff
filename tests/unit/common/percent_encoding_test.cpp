#include "common/percent_encoding.hpp"

#include <gtest/gtest.h>

namespace bulkhead {
namespace {

TEST(PercentDecoded, ReplacesEachTripletByItsByte) {
  EXPECT_EQ(percent_decoded("display%3bcam%3A1"), "display;cam:1");
  EXPECT_EQ(percent_decoded("%00"), std::string(1, '\0'));
  EXPECT_EQ(percent_decoded("%fF"), "\xff");
  EXPECT_EQ(percent_decoded(""), "");
}

TEST(PercentDecoded, APercentSignWithoutTwoHexDigitsIsRefused) {
  for (const char* text : {"%", "a%2", "%g0", "%0g", "%%20"}) {
    EXPECT_EQ(percent_decoded(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace bulkhead
