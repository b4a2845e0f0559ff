#include "supervisor/access/access_scope.hpp"

#include <gtest/gtest.h>

#include "common/limits.hpp"
#include "supervisor/access/role.hpp"

namespace bulkhead::supervisor {
namespace {

SubscriptionId id(const std::string& text) { return SubscriptionId::parse(text).value(); }

TEST(AccessScope, WithoutPatternsEverySessionIsCovered) {
  EXPECT_TRUE(AccessScope{}.covers(id("cam")));
  EXPECT_TRUE(AccessScope::parse({}).value().is_all());
  EXPECT_TRUE(AccessScope::parse({"*"}).value().covers(id("cam")));
}

TEST(AccessScope, ANameCoversItselfAndAPrefixWhatBeginsWithIt) {
  const auto scope = AccessScope::parse({"gate", "hall-*"}).value();
  EXPECT_TRUE(scope.covers(id("gate")));
  EXPECT_TRUE(scope.covers(id("hall-1")));
  EXPECT_TRUE(scope.covers(id("hall-")));
  EXPECT_FALSE(scope.covers(id("gate2")));
  EXPECT_FALSE(scope.covers(id("gat")));
  EXPECT_FALSE(scope.covers(id("hall")));
}

TEST(AccessScope, WhatIsNoPatternIsNamed) {
  for (const auto* pattern : {"", "a b", "*x", "a*b*", "a\n"}) {
    const auto scope = AccessScope::parse({"gate", pattern});
    ASSERT_FALSE(scope) << pattern;
    EXPECT_EQ(scope.error().field, "scope");
  }
}

TEST(AccessScope, TheLimitOfPatternsHoldsAtItAndPastIt) {
  EXPECT_TRUE(AccessScope::parse(std::vector<std::string>(limits::kScopePatterns, "a")));
  EXPECT_FALSE(AccessScope::parse(std::vector<std::string>(limits::kScopePatterns + 1, "a")));
}

TEST(Role, EachMayAllThatTheOnesBeforeItMay) {
  for (const Role has : kAllRoles) {
    for (const Role needed : kAllRoles) EXPECT_EQ(covers(has, needed), has >= needed);
    EXPECT_EQ(role_of(name_of(has)), has);
  }
  EXPECT_EQ(role_of("root"), std::nullopt);
}

}  // namespace
}  // namespace bulkhead::supervisor
