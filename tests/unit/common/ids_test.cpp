#include "common/ids.hpp"

#include <gtest/gtest.h>

#include <unordered_set>

#include "common/limits.hpp"

namespace bulkhead {
namespace {

TEST(SubscriptionId, DisplayAndCameraMakeAName) {
  const auto id = SubscriptionId::parse("display-001;cam-001");
  ASSERT_TRUE(id);
  EXPECT_EQ(id->text(), "display-001;cam-001");
}

TEST(SubscriptionId, EveryAllowedCharacterIsAccepted) {
  EXPECT_TRUE(SubscriptionId::parse("azAZ09._:;-"));
}

TEST(SubscriptionId, LengthIsOneTo128) {
  EXPECT_FALSE(SubscriptionId::parse(""));
  EXPECT_TRUE(SubscriptionId::parse("a"));
  EXPECT_TRUE(SubscriptionId::parse(std::string(limits::kSubscriptionIdChars, 'a')));
  EXPECT_FALSE(SubscriptionId::parse(std::string(limits::kSubscriptionIdChars + 1, 'a')));
}

TEST(SubscriptionId, AnythingThatCouldLeaveALogFolderOrALineIsRefused) {
  using namespace std::string_view_literals;
  for (const auto text :
       {"a/b"sv, "a b"sv, "a\nb"sv, "a\0b"sv, "ä"sv, "a\\b"sv, "a%2F"sv, "."sv, ".."sv, "..."sv}) {
    const auto id = SubscriptionId::parse(text);
    ASSERT_FALSE(id) << text;
    EXPECT_EQ(id.error().code, ErrorCode::InvalidParams);
  }
  EXPECT_TRUE(SubscriptionId::parse("..a"));
}

TEST(SubscriptionId, TheErrorShowsTheNameWithoutItsControlCharacters) {
  const auto id = SubscriptionId::parse("a\nb");
  ASSERT_FALSE(id);
  EXPECT_EQ(id.error().message,
            R"("a\x0ab" is no session name; use letters, digits and . _ : ; - only)");
}

TEST(SubscriptionId, FileStemsHoldNoSeparatorOfDisplayAndCamera) {
  EXPECT_EQ(SubscriptionId::parse("d;c:1.a-b_c")->file_stem(), "d_c_1.a-b_c");
}

TEST(SubscriptionId, EqualNamesAreOneKey) {
  std::unordered_set<SubscriptionId> ids;
  ids.insert(SubscriptionId::parse("a;b").value());
  EXPECT_FALSE(ids.insert(SubscriptionId::parse("a;b").value()).second);
  EXPECT_TRUE(ids.insert(SubscriptionId::parse("a:b").value()).second);
}

}  // namespace
}  // namespace bulkhead
