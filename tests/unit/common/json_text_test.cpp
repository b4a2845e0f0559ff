#include "common/json_text.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>

namespace bulkhead {
namespace {

std::string number(double value, int decimals) {
  std::string out;
  append_json_number(out, value, decimals);
  return out;
}

std::string string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonTextTest, NumbersAreRoundedAndLoseTrailingZeros) {
  EXPECT_EQ(number(411, 1), "411");
  EXPECT_EQ(number(220.26, 1), "220.3");
  EXPECT_EQ(number(0.91, 4), "0.91");
  EXPECT_EQ(number(0.00004, 4), "0");
  EXPECT_EQ(number(0.00005, 4), "0.0001");
  EXPECT_EQ(number(0.999999, 4), "1");
  EXPECT_EQ(number(-3.05, 1), "-3.1");
  EXPECT_EQ(number(-0.00001, 4), "0");
  EXPECT_EQ(number(1.000001, 6), "1.000001");
}

TEST(JsonTextTest, WhatJsonHasNoNumberForBecomesZeroOrTheLargest) {
  EXPECT_EQ(number(std::nan(""), 3), "0");
  EXPECT_EQ(number(std::numeric_limits<double>::infinity(), 3), "0");
  EXPECT_EQ(number(1e300, 6), "1000000000000");
  EXPECT_EQ(number(-1e300, 6), "-1000000000000");
}

TEST(JsonTextTest, NumbersReadBackAsTheyWereRounded) {
  for (int i = -20'000; i <= 20'000; i += 7) {
    const double value = i / 1000.0;
    EXPECT_NEAR(nlohmann::json::parse(number(value, 3)).get<double>(), value, 1e-9);
  }
}

TEST(JsonTextTest, IntegersOfAllSizesAreExact) {
  std::string out;
  append_json_unsigned(out, UINT64_MAX);
  out += ' ';
  append_json_integer(out, INT64_MIN);
  EXPECT_EQ(out, "18446744073709551615 -9223372036854775808");
}

TEST(JsonTextTest, StringsReadBackAsTheyWere) {
  const std::string hostile = std::string{"a\"b\\c\n\t\r/\x01\x1f\x7f\0z", 15} + "grün 車";
  EXPECT_EQ(nlohmann::json::parse(string(hostile)).get<std::string>(), hostile);
  EXPECT_EQ(string("plain"), "\"plain\"");
  EXPECT_EQ(string(""), "\"\"");
}

TEST(JsonTextTest, BytesThatAreNoUtf8BecomeTheReplacementCharacter) {
  EXPECT_EQ(string("a\xFFz"), "\"a\xEF\xBF\xBDz\"");
  EXPECT_EQ(string("cut\xE8\xBB"), "\"cut\xEF\xBF\xBD\xEF\xBF\xBD\"");
  EXPECT_TRUE(nlohmann::json::accept(string("\xC0\xAF\xED\xA0\x80")));
}

}  // namespace
}  // namespace bulkhead
