#include "common/utf8.hpp"

#include <gtest/gtest.h>

namespace bulkhead {
namespace {

using namespace std::string_view_literals;

TEST(Utf8, TheFirstAndLastCharacterOfEachLengthIsWellFormed) {
  for (const auto text :
       {"\x01"sv, "\x7F"sv, "\xC2\x80"sv, "\xDF\xBF"sv, "\xE0\xA0\x80"sv, "\xED\x9F\xBF"sv,
        "\xEE\x80\x80"sv, "\xEF\xBF\xBF"sv, "\xF0\x90\x80\x80"sv, "\xF4\x8F\xBF\xBF"sv}) {
    EXPECT_EQ(utf8_length(text), text.size());
  }
}

TEST(Utf8, OverlongFormsSurrogatesAndNumbersPastTheLastAreRefused) {
  for (const auto text :
       {"\x80"sv, "\xC0\x80"sv, "\xC1\xBF"sv, "\xE0\x9F\xBF"sv, "\xED\xA0\x80"sv,
        "\xF0\x8F\xBF\xBF"sv, "\xF4\x90\x80\x80"sv, "\xF5\x80\x80\x80"sv, "\xFF"sv}) {
    EXPECT_EQ(utf8_length(text), 0U);
  }
}

TEST(Utf8, ACharacterCutShortIsRefused) {
  for (const auto whole : {"\xC3\xA4"sv, "\xE2\x80\xA6"sv, "\xF0\x9F\x9A\x97"sv}) {
    for (std::size_t length = 1; length < whole.size(); ++length) {
      EXPECT_EQ(utf8_length(whole.substr(0, length)), 0U);
      EXPECT_FALSE(is_utf8(std::string{whole.substr(0, length)} + "a"));
    }
    EXPECT_TRUE(is_utf8(whole));
  }
  EXPECT_TRUE(is_utf8(""));
}

TEST(Utf8, ControlCharactersAreFoundWhereverTheyStand) {
  EXPECT_TRUE(has_control_character("a\0b"sv));
  EXPECT_TRUE(has_control_character("ab\x1F"sv));
  EXPECT_TRUE(has_control_character("\x7F"sv));
  EXPECT_FALSE(has_control_character("a ä~"sv));
}

}  // namespace
}  // namespace bulkhead
