#include "common/session_context.hpp"

#include <gtest/gtest.h>

#include <string>

#include "common/limits.hpp"

namespace bulkhead {
namespace {

std::string refused_field(const SessionContext& context) {
  const auto checked = check(context);
  return checked ? std::string{} : checked.error().field;
}

TEST(SessionContextTest, BothTextsAreTakenAtTheirLimitsAndRefusedPastThem) {
  const std::string id(limits::kContextBytes, 'c');
  const std::string stage(limits::kContextStageBytes, 's');
  EXPECT_EQ(refused_field({}), "");
  EXPECT_EQ(refused_field({.id = "Käufer 17 €"}), "");
  EXPECT_EQ(refused_field({.id = id, .stage = stage}), "");
  EXPECT_EQ(refused_field({.id = id + 'c'}), "context");
  EXPECT_EQ(refused_field({.id = id, .stage = stage + 's'}), "stage");
}

TEST(SessionContextTest, WhatCannotBeShownIsRefused) {
  for (const char* text : {"a\nb", "\x7f", "\xC2\x85", "\xE2\x80\xA8", "\xff"}) {
    EXPECT_EQ(refused_field({.id = text}), "context");
    EXPECT_EQ(refused_field({.id = "c", .stage = text}), "stage");
  }
}

TEST(SessionContextTest, ThereIsNoStageOfNoContext) {
  EXPECT_EQ(refused_field({.stage = "paid"}), "stage");
}

}  // namespace
}  // namespace bulkhead
