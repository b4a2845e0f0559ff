#include "supervisor/log/log_filter.hpp"

#include <gtest/gtest.h>

#include "common/clock.hpp"

namespace bulkhead::supervisor {
namespace {

std::string line(std::string_view time, std::string_view level, std::string_view text = "said") {
  return std::string{time} + " " + std::string{level} + " cam 1 control " + std::string{text};
}

const std::string kNoon = "2026-01-05T12:00:00.000000Z";
const std::string kLater = "2026-01-05T12:00:01.000000Z";

TEST(LogFilterTest, ALevelKeepsItselfAndWhatIsMoreImportant) {
  const LogFilter warn{.level = 3};
  EXPECT_FALSE(warn.wants(line(kNoon, "trace")));
  EXPECT_FALSE(warn.wants(line(kNoon, "info")));
  EXPECT_TRUE(warn.wants(line(kNoon, "warn")));
  EXPECT_TRUE(warn.wants(line(kNoon, "error")));
  EXPECT_TRUE(LogFilter{}.wants(line(kNoon, "trace")));
}

TEST(LogFilterTest, WhatIsNoLineOfOursIsNotHiddenByWhatItDoesNotTell) {
  const LogFilter strict{.level = 4, .grep = {}, .since = kLater};
  EXPECT_TRUE(strict.wants("a line of somebody else"));
  EXPECT_TRUE(strict.wants(line(kLater, "strange")));
  EXPECT_TRUE(strict.wants(""));
}

TEST(LogFilterTest, TextIsFoundLetterByLetter) {
  const LogFilter filter{.level = 0, .grep = "code=AUTH.*"};
  EXPECT_TRUE(filter.wants(line(kNoon, "info", "lost code=AUTH.* here")));
  EXPECT_FALSE(filter.wants(line(kNoon, "info", "lost code=AUTH_FAILED")));
}

TEST(LogFilterTest, ATimeKeepsItselfAndWhatIsLater) {
  const LogFilter filter{.level = 0, .grep = {}, .since = kLater};
  EXPECT_FALSE(filter.wants(line("2026-01-05T12:00:00.999999Z", "error")));
  EXPECT_TRUE(filter.wants(line(kLater, "info")));
  EXPECT_TRUE(filter.is_before(line(kNoon, "info")));
}

TEST(LogFilterTest, AMomentIsReadInItsFormsAndNoOther) {
  const std::int64_t noon = 1'767'614'400 * kNsPerSecond;
  ASSERT_EQ(iso8601_utc(noon), kNoon);
  EXPECT_EQ(parse_since("2026-01-05T12:00:00Z", 0).value(), kNoon);
  EXPECT_EQ(parse_since("2026-01-05T12:00:00.5Z", 0).value(), "2026-01-05T12:00:00.500000Z");
  EXPECT_EQ(parse_since("2026-01-05T12:00:00.1234567Z", 0).value(), "2026-01-05T12:00:00.123456Z");
  EXPECT_EQ(parse_since("90s", noon).value(), "2026-01-05T11:58:30.000000Z");
  EXPECT_EQ(parse_since("10m", noon).value(), "2026-01-05T11:50:00.000000Z");
  EXPECT_EQ(parse_since("2h", noon).value(), "2026-01-05T10:00:00.000000Z");
  EXPECT_EQ(parse_since("1d", noon).value(), "2026-01-04T12:00:00.000000Z");
  for (const char* wrong : {"", "noon", "10", "-5m", "10 m", "10w", "2026-01-05", "99999999d",
                            "99999999999999999999s", "2026-01-05T12:00:00", "2026-13-05T12:00:00Z",
                            "2026-01-05T12:00:00.Z", "2026-01-05T12:00:00.xZ"}) {
    const auto since = parse_since(wrong, noon);
    ASSERT_FALSE(since) << wrong;
    EXPECT_EQ(since.error().code, ErrorCode::InvalidParams);
    EXPECT_EQ(since.error().field, "since");
  }
}

}  // namespace
}  // namespace bulkhead::supervisor
