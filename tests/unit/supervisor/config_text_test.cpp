#include "supervisor/config_text.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace bulkhead::supervisor {
namespace {

using nlohmann::json;

Result<json> with_overrides(json root, const std::vector<std::string>& assignments) {
  for (const std::string& assignment : assignments) {
    if (const auto done = apply_override(root, assignment); !done) return done.error();
  }
  return {boost::system::in_place_value, std::move(root)};
}

Result<json> with_environment(json root) {
  const auto lookup = [](const std::string& name) -> std::optional<std::string> {
    if (name == "HOME") return "/home/op";
    if (name == "EMPTY") return "";
    if (name == "TRICKY") return "${HOME}";
    return std::nullopt;
  };
  if (const auto done = substitute_environment(root, lookup); !done) return done.error();
  return {boost::system::in_place_value, std::move(root)};
}

TEST(ConfigOverrideTest, AValueThatIsJsonKeepsItsTypeAndAnyOtherIsAString) {
  const auto tree = with_overrides(json::object(), {"a.b=9000", "a.c=true", "d=some text", "e="});
  ASSERT_TRUE(tree);
  EXPECT_EQ(*tree, json::parse(R"({"a":{"b":9000,"c":true},"d":"some text","e":""})"));
}

TEST(ConfigOverrideTest, TheLastOfTwoForOneKeyWinsAndNeighboursStay) {
  const auto tree =
      with_overrides(json::parse(R"({"a":{"b":1,"c":2}})"), {"a.b=3", "a.b=4", "a.d=x=y"});
  ASSERT_TRUE(tree);
  EXPECT_EQ(*tree, json::parse(R"({"a":{"b":4,"c":2,"d":"x=y"}})"));
}

TEST(ConfigOverrideTest, WhatIsNoAssignmentIsRefusedWithTheWayToWriteIt) {
  for (const char* bad : {"listen.port", "=3", ".a=3", "a..b=3", "a.=3", ""}) {
    const auto tree = with_overrides(json::object(), {bad});
    ASSERT_FALSE(tree) << bad;
    EXPECT_EQ(tree.error().code, ErrorCode::InvalidParams);
    EXPECT_NE(tree.error().message.find("path.to.key=value"), std::string::npos)
        << tree.error().message;
  }
}

TEST(ConfigOverrideTest, APathThroughAPlainValueIsRefused) {
  const auto tree = with_overrides(json::parse(R"({"log_level":"info"})"), {"log_level.deep=1"});
  ASSERT_FALSE(tree);
  EXPECT_NE(tree.error().message.find("log_level.deep"), std::string::npos);
}

TEST(ConfigEnvironmentTest, VariablesAreReplacedInStringsAtEveryDepth) {
  const auto tree = with_environment(
      json::parse(R"({"a":"${HOME}/x${EMPTY}${HOME}","b":[1,{"c":"-${HOME}-"}]})"));
  ASSERT_TRUE(tree);
  EXPECT_EQ(*tree, json::parse(R"({"a":"/home/op/x/home/op","b":[1,{"c":"-/home/op-"}]})"));
}

TEST(ConfigEnvironmentTest, AnUnsetVariableIsRefusedByNameWithTheKeyThatWantsIt) {
  const auto tree = with_environment(json::parse(R"({"a":{"b":["x","${NOT_SET}"]}})"));
  ASSERT_FALSE(tree);
  EXPECT_EQ(tree.error().field, "a.b[1]");
  EXPECT_NE(tree.error().message.find("NOT_SET is not set"), std::string::npos)
      << tree.error().message;
}

TEST(ConfigEnvironmentTest, ADoubledDollarIsALiteralOneAndValuesAreNotSearchedAgain) {
  const auto tree = with_environment(json::parse(R"({"a":"$${HOME} $5 $","b":"${TRICKY}"})"));
  ASSERT_TRUE(tree);
  EXPECT_EQ(*tree, json::parse(R"({"a":"${HOME} $5 $","b":"${HOME}"})"));
}

TEST(ConfigEnvironmentTest, ABrokenReferenceIsRefused) {
  for (const char* bad : {"${HOME", "${}", "${1X}", "${A-B}"}) {
    const auto tree = with_environment(json{{"key", bad}});
    ASSERT_FALSE(tree) << bad;
    EXPECT_EQ(tree.error().field, "key");
  }
}

}  // namespace
}  // namespace bulkhead::supervisor
