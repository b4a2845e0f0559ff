#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/json_fields.hpp"
#include "common/limits.hpp"

namespace bulkhead {
namespace {

using namespace std::string_view_literals;
using nlohmann::json;

std::string failure_of(std::string_view text) {
  const auto result = parse_json(text, JsonComments::Refused);
  EXPECT_FALSE(result) << text;
  if (result) return {};
  EXPECT_EQ(result.error().code, ErrorCode::InvalidParams);
  return result.error().message;
}

std::string nested(int depth) {
  return std::string(static_cast<std::size_t>(depth), '[') +
         std::string(static_cast<std::size_t>(depth), ']');
}

TEST(ParseJson, EveryKindOfValueIsRead) {
  const auto result = parse_json(
      R"({"a":[1,-2,3.5,true,null,"x\u00e4\n"],"b":{"c":{},"d":[]},"e":18446744073709551615})",
      JsonComments::Refused);
  ASSERT_TRUE(result);
  const json expected{{"a", {1, -2, 3.5, true, nullptr, "xä\n"}},
                      {"b", {{"c", json::object()}, {"d", json::array()}}},
                      {"e", UINT64_MAX}};
  EXPECT_EQ(*result, expected);
}

TEST(ParseJson, AScalarAloneIsAText) {
  EXPECT_EQ(parse_json(" 7 ", JsonComments::Refused).value(), 7);
}

TEST(ParseJson, TextAtTheLimitIsReadAndOneByteMoreIsRefused) {
  std::string text = "[1]";
  text.resize(limits::kJsonBytes, ' ');
  EXPECT_TRUE(parse_json(text, JsonComments::Refused));
  text += ' ';
  EXPECT_EQ(failure_of(text), "the JSON text has 262145 bytes; at most 262144 are accepted");
}

TEST(ParseJson, NestingAtTheLimitIsReadAndOneLevelMoreIsRefused) {
  EXPECT_TRUE(parse_json(nested(limits::kJsonDepth), JsonComments::Refused));
  EXPECT_EQ(failure_of(nested(limits::kJsonDepth + 1)),
            "the JSON text is refused: nested deeper than 32 levels; flatten it");
  EXPECT_FALSE(parse_json(std::string(limits::kJsonBytes, '['), JsonComments::Refused));
}

TEST(ParseJson, ClosedContainersDoNotCountAsDepth) {
  std::string text = "[";
  for (int i = 0; i < 100; ++i) text += "[{}],";
  EXPECT_TRUE(parse_json(text + "1]", JsonComments::Refused));
}

TEST(ParseJson, ADuplicateKeyIsRefusedAtAnyDepthButNotAcrossObjects) {
  EXPECT_EQ(failure_of(R"({"a":[{"b":1,"c":2,"b":3}]})"),
            "the JSON text is refused: the key \"b\" appears twice; keep one");
  EXPECT_TRUE(parse_json(R"({"a":{"a":1},"b":{"a":2}})", JsonComments::Refused));
}

TEST(ParseJson, InvalidUtf8IsRefusedEvenInsideAComment) {
  EXPECT_FALSE(parse_json("[\"\xFF\"]", JsonComments::Allowed));
  EXPECT_FALSE(parse_json("[1] // \xFF", JsonComments::Allowed));
  EXPECT_FALSE(parse_json(R"(["\ud800"])", JsonComments::Allowed));
}

TEST(ParseJson, CommentsAreReadOnlyWhereAllowed) {
  const auto text = "// first\n{\"a\": 1 /* one */}\n// last"sv;
  EXPECT_TRUE(parse_json(text, JsonComments::Allowed));
  EXPECT_FALSE(parse_json(text, JsonComments::Refused));
  EXPECT_FALSE(parse_json("[1] /* open", JsonComments::Allowed));
}

TEST(ParseJson, WhatFollowsTheValueIsRefused) {
  EXPECT_FALSE(parse_json("{} {}", JsonComments::Refused));
  EXPECT_FALSE(parse_json("[1]]", JsonComments::Refused));
  EXPECT_FALSE(parse_json("[1]\0{"sv, JsonComments::Refused));
}

TEST(ParseJson, MalformedTextIsNamedByLineAndColumn) {
  EXPECT_EQ(failure_of("{\n  \"a\": tru\n}"),
            "the JSON text is malformed at line 2, column 11; check quotes, commas, brackets and "
            "number ranges");
  EXPECT_NE(failure_of("").find("line 1, column 1"), std::string::npos);
}

TEST(ParseJson, ErrorsNeverRepeatAValue) {
  EXPECT_EQ(failure_of(R"({"password": "s3cret)").find("s3cret"), std::string::npos);
  EXPECT_EQ(failure_of("{\"password\": s3cret}").find("s3cret"), std::string::npos);
}

TEST(ParseJson, NumbersOutOfRangeAndTheNamesOfNoNumbersAreRefused) {
  for (const auto* text : {"1e999", "-1e999", "NaN", "Infinity", "01", "+1", ".5", "1."}) {
    EXPECT_FALSE(parse_json(text, JsonComments::Refused)) << text;
  }
}

TEST(ParseJson, NoPrefixOfATextIsTakenForTheWhole) {
  const std::string text = R"({"a":[1.5,{"b":"\u00e4\\"},true,null],"c":{}})";
  ASSERT_TRUE(parse_json(text, JsonComments::Refused));
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_FALSE(parse_json(std::string_view{text}.substr(0, length), JsonComments::Allowed));
  }
}

}  // namespace
}  // namespace bulkhead
