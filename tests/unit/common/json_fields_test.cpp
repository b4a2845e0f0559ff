#include "common/json_fields.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

namespace bulkhead {
namespace {

using nlohmann::json;

std::string message_of(JsonFields& fields) {
  const auto done = fields.finish();
  return done ? "no error" : done.error().message;
}

TEST(JsonFields, PresentMembersAreReadAndAbsentOnesFallBack) {
  const json object{{"name", "x"}, {"on", true},         {"count", 3}, {"ratio", 0.5},
                    {"kind", "b"}, {"list", {"p", "q"}}, {"raw", {1}}, {"nothing", nullptr}};
  JsonFields fields{object, "params"};
  EXPECT_EQ(fields.required_string("name", 8), "x");
  EXPECT_EQ(fields.string("title", "none", 8), "none");
  EXPECT_TRUE(fields.boolean("on", false));
  EXPECT_TRUE(fields.boolean("off", true));
  EXPECT_EQ(fields.integer("count", 1, 0, 9), 3);
  EXPECT_EQ(fields.integer("size", 7, 0, 9), 7);
  EXPECT_EQ(fields.number("ratio", 1, 0, 1), 0.5);
  EXPECT_EQ(fields.number("count", 1, 0, 9), 3);
  EXPECT_EQ(fields.number("scale", 0.25, 0, 1), 0.25);
  EXPECT_EQ(fields.one_of("kind", {"a", "b"}, 0), 1U);
  EXPECT_EQ(fields.one_of("sort", {"a", "b"}, 1), 1U);
  EXPECT_EQ(fields.strings("list", 2, 1), (std::vector<std::string>{"p", "q"}));
  EXPECT_TRUE(fields.strings("tags", 2, 1).empty());
  ASSERT_NE(fields.member("raw"), nullptr);
  EXPECT_EQ(*fields.member("raw"), json::array({1}));
  EXPECT_EQ(fields.member("nothing"), nullptr);
  EXPECT_TRUE(fields.finish());
}

TEST(JsonFields, AnUnknownKeyIsRefusedWithTheNearestKnownName) {
  const json object{{"rtspURL", "x"}, {"loop", true}};
  JsonFields fields{object, "params"};
  fields.boolean("loop", false);
  fields.string("rtspUrl", "", 9);
  const auto done = fields.finish();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::InvalidParams);
  EXPECT_EQ(done.error().message, "params.rtspURL: is not known; did you mean \"rtspUrl\"?");
  EXPECT_EQ(done.error().field, "params.rtspURL");
}

TEST(JsonFields, AKeyLikeNoOtherIsRefusedWithAllKnownNames) {
  const json object{{"zzzzzzzz", 1}};
  JsonFields fields{object, ""};
  fields.boolean("loop", false);
  fields.boolean("pace", false);
  EXPECT_EQ(message_of(fields), "zzzzzzzz: is not known; use one of: loop, pace");
}

TEST(JsonFields, AHugeUnknownKeyIsCutInTheError) {
  const json object{{std::string(100'000, 'k'), 1}};
  JsonFields fields{object, ""};
  fields.boolean("loop", false);
  EXPECT_LT(message_of(fields).size(), 200U);
}

TEST(JsonFields, AMissingFieldGivenUnderAMisspeltNameIsExplainedByTheSpelling) {
  const json object{{"rtpsUrl", "x"}};
  JsonFields fields{object, "params"};
  fields.required_string("rtspUrl", 9);
  EXPECT_EQ(message_of(fields), "params.rtpsUrl: is not known; did you mean \"rtspUrl\"?");
}

TEST(JsonFields, AMissingFieldIsNamed) {
  const json object = json::object();
  JsonFields fields{object, "params"};
  EXPECT_EQ(fields.required_string("rtspUrl", 9), "");
  EXPECT_TRUE(fields.failed());
  EXPECT_EQ(message_of(fields), "params.rtspUrl: is missing; give a string");
}

TEST(JsonFields, TheFirstErrorIsKeptAndLaterCallsFallBack) {
  const json object{{"a", "x"}, {"b", 5}, {"c", true}};
  JsonFields fields{object, "p"};
  EXPECT_EQ(fields.integer("a", 1, 0, 9), 1);
  EXPECT_EQ(fields.integer("b", 2, 0, 9), 2);
  EXPECT_EQ(fields.string("c", "d", 9), "d");
  fields.fail("c", "is late");
  EXPECT_EQ(message_of(fields), "p.a: found a string; give a whole number from 0 to 9");
}

TEST(JsonFields, IntegersAreAcceptedAtTheirLimitsAndRefusedPastThem) {
  for (const auto& [value, good] : {std::pair{json(0), true},
                                    {json(9), true},
                                    {json(-1), false},
                                    {json(10), false},
                                    {json(1.5), false},
                                    {json(1.0), false},
                                    {json(UINT64_MAX), false},
                                    {json("1"), false},
                                    {json(true), false}}) {
    const json object{{"n", value}};
    JsonFields fields{object, ""};
    fields.integer("n", 1, 0, 9);
    EXPECT_EQ(fields.finish().has_value(), good) << value;
  }
  const json object{{"n", 10}};
  JsonFields fields{object, ""};
  fields.integer("n", 1, 0, 9);
  EXPECT_EQ(message_of(fields), "n: 10 is out of range; give a whole number from 0 to 9");
}

TEST(JsonFields, TheWidestIntegerRangeHoldsEveryInt64) {
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  const json object{{"min", kMin}, {"max", kMax}, {"over", std::uint64_t{kMax} + 1}};
  JsonFields fields{object, ""};
  EXPECT_EQ(fields.integer("min", 0, kMin, kMax), kMin);
  EXPECT_EQ(fields.integer("max", 0, kMin, kMax), kMax);
  EXPECT_EQ(fields.integer("over", 0, kMin, kMax), 0);
  EXPECT_FALSE(fields.finish());
}

TEST(JsonFields, NumbersAreAcceptedAtTheirLimitsAndRefusedPastThem) {
  for (const auto& [value, good] : {std::pair{json(0), true},
                                    {json(1.0), true},
                                    {json(-0.001), false},
                                    {json(1.001), false},
                                    {json(std::numeric_limits<double>::quiet_NaN()), false}}) {
    const json object{{"n", value}};
    JsonFields fields{object, ""};
    fields.number("n", 0.5, 0, 1);
    EXPECT_EQ(fields.finish().has_value(), good) << value;
  }
  const json object{{"n", 1.5}};
  JsonFields fields{object, "a.b"};
  fields.number("n", 0.5, 0, 1);
  EXPECT_EQ(message_of(fields), "a.b.n: 1.5 is out of range; give a number from 0.0 to 1.0");
}

TEST(JsonFields, StringsAreAcceptedAtTheirLimitAndRefusedPastIt) {
  const json object{{"s", "1234"}};
  JsonFields wide{object, ""};
  EXPECT_EQ(wide.string("s", "", 4), "1234");
  EXPECT_TRUE(wide.finish());
  JsonFields narrow{object, ""};
  EXPECT_EQ(narrow.string("s", "fallback", 3), "fallback");
  EXPECT_EQ(message_of(narrow), "s: has 4 bytes; give at most 3");
}

TEST(JsonFields, OnlyAnOptionalStringMayBeEmpty) {
  const json object{{"s", ""}};
  JsonFields optional{object, ""};
  EXPECT_EQ(optional.string("s", "fallback", 4), "");
  EXPECT_TRUE(optional.finish());
  JsonFields required{object, ""};
  required.required_string("s", 4);
  EXPECT_EQ(message_of(required), "s: is empty; give at least one character");
}

TEST(JsonFields, StringsNeverHoldControlCharacters) {
  const json object{{"s", "a\nb"}};
  JsonFields fields{object, ""};
  fields.string("s", "", 9);
  EXPECT_EQ(message_of(fields), "s: holds a control character; remove it");
}

TEST(JsonFields, ErrorsOfStringsNeverRepeatTheValue) {
  const json object{{"password", 12345}};
  JsonFields fields{object, ""};
  fields.string("password", "", 9);
  EXPECT_EQ(message_of(fields), "password: found a number; give a string");
}

TEST(JsonFields, ListsAreAcceptedAtTheirLimitAndRefusedPastIt) {
  const json object{{"l", {"a", "bc"}}};
  JsonFields good{object, ""};
  EXPECT_EQ(good.strings("l", 2, 2).size(), 2U);
  EXPECT_TRUE(good.finish());
  JsonFields many{object, "p"};
  many.strings("l", 1, 2);
  EXPECT_EQ(message_of(many), "p.l: has 2 items; give at most 1");
  JsonFields wide{object, "p"};
  wide.strings("l", 2, 1);
  EXPECT_EQ(message_of(wide), "p.l[1]: has 2 bytes; give at most 1");
}

TEST(JsonFields, AListHoldsOnlyStringsThatAreNotEmpty) {
  for (const json& list : {json{"a", 1}, json{"a", ""}, json{"a", nullptr}, json("a")}) {
    const json object{{"l", list}};
    JsonFields fields{object, ""};
    EXPECT_TRUE(fields.strings("l", 9, 9).empty());
    EXPECT_FALSE(fields.finish()) << list;
  }
}

TEST(JsonFields, AWordOutOfAListIsRefusedWithTheNearestOrAll) {
  const json object{{"k", "UPD"}};
  JsonFields near{object, ""};
  EXPECT_EQ(near.one_of("k", {"tcp", "udp"}, 0), 0U);
  EXPECT_EQ(message_of(near), "k: \"UPD\" is not known; did you mean \"udp\"?");
  JsonFields far{object, ""};
  far.one_of("k", {"realtime", "flat_out"}, 0);
  EXPECT_EQ(message_of(far), "k: \"UPD\" is not known; use one of: realtime, flat_out");
  const json number{{"k", 7}};
  JsonFields wrong{number, ""};
  wrong.one_of("k", {"tcp", "udp"}, 0);
  EXPECT_EQ(message_of(wrong), "k: found 7; use one of: tcp, udp");
}

TEST(JsonFields, WhatIsNoObjectIsTheFirstError) {
  for (const json& value : {json::array({1}), json(nullptr), json("x"), json(1)}) {
    JsonFields fields{value, "params"};
    EXPECT_EQ(fields.string("a", "b", 9), "b");
    EXPECT_EQ(fields.member("a"), nullptr);
    const auto done = fields.finish();
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().field, "params");
  }
}

TEST(JsonFields, AnInnerErrorPassesThroughUnchanged) {
  const json object = json::object();
  JsonFields fields{object, "params"};
  fields.fail(Error{ErrorCode::LimitReached, "no more room", "params.x"});
  const auto done = fields.finish();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::LimitReached);
  EXPECT_EQ(done.error().field, "params.x");
}

}  // namespace
}  // namespace bulkhead
