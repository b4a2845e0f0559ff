#include "supervisor/cli/text.hpp"

#include <gtest/gtest.h>

#include "common/clock.hpp"
#include "supervisor/cli/base64.hpp"
#include "supervisor/cli/endpoint.hpp"

namespace bulkhead::cli {
namespace {

TEST(DurationTextTest, TheTwoLargestUnitsAreShownAndTheSecondHasTwoDigits) {
  EXPECT_EQ(duration_text(-5), "0ms");
  EXPECT_EQ(duration_text(999), "999ms");
  EXPECT_EQ(duration_text(1000), "1s");
  EXPECT_EQ(duration_text(59'999), "59s");
  EXPECT_EQ(duration_text(192'000), "3m12s");
  EXPECT_EQ(duration_text(3'599'999), "59m59s");
  EXPECT_EQ(duration_text(7'500'000), "2h05m");
  EXPECT_EQ(duration_text(86'400'000L * 3 + 14'400'000L), "3d04h");
}

TEST(TimeTextTest, TimesAreReadAsTheyAreWritten) {
  const std::int64_t ns = 1'767'614'400'123'456'000;  // 2026-01-05T12:00:00.123456Z
  EXPECT_EQ(iso8601_ms(iso8601_utc(ns)), ns / 1'000'000);
  EXPECT_EQ(iso8601_ms("1970-01-01T00:00:01Z"), 1000);
  EXPECT_EQ(time_of_day("2026-01-05T12:03:04.056789Z"), "12:03:04.056");
}

TEST(TimeTextTest, WhatIsNoTimeIsShownAsItIs) {
  for (const char* bad : {"", "soon", "2026-13-05T12:00:00Z", "2026-01-05 12:00:00Z",
                          "2026-01-05T12:00:00", "2026-01-05T12:0"}) {
    EXPECT_FALSE(iso8601_ms(bad)) << bad;
    EXPECT_EQ(time_of_day(bad), bad);
  }
}

TEST(TableTest, ColumnsAreAlignedByCharactersAndNumbersToTheRight) {
  Table table;
  table.add({{"ID"}, {"N", Colour::None, true}, {"WHY"}});
  table.add({{"höfe"}, {"7", Colour::None, true}, {"-"}});
  table.add({{"x"}, {"1234", Colour::None, true}, {"long reason"}});
  EXPECT_EQ(table.text(false),
            "ID       N  WHY\n"
            "höfe     7  -\n"
            "x     1234  long reason\n");
}

TEST(TableTest, ColoursSurroundTheTextAndNeverThePadding) {
  Table table;
  table.add({{"LIVE", Colour::Green}, {"a"}});
  table.add({{"OFFLINE", Colour::Red}, {"b"}});
  EXPECT_EQ(table.text(true), "\033[32mLIVE\033[0m     a\n\033[31mOFFLINE\033[0m  b\n");
  EXPECT_EQ(table.text(false), "LIVE     a\nOFFLINE  b\n");
}

TEST(EndpointTest, WhatIsLeftOutIsFilledIn) {
  for (const char* url : {"ws://127.0.0.1:8001/ws", "ws://127.0.0.1:8001", "ws://127.0.0.1/",
                          "http://127.0.0.1:8001", "127.0.0.1:8001", "127.0.0.1"}) {
    const auto endpoint = Endpoint::parse(url);
    ASSERT_TRUE(endpoint) << url;
    EXPECT_EQ(endpoint->url(), "ws://127.0.0.1:8001/ws") << url;
  }
  EXPECT_EQ(Endpoint::parse("ws://[::1]:9/x/y")->url(), "ws://[::1]:9/x/y");
  EXPECT_EQ(Endpoint::parse("ws://[::1]:9/x/y")->host, "::1");
}

TEST(EndpointTest, TlsIsAskedForByItsScheme) {
  for (const char* url : {"wss://cameras.example/ws", "https://cameras.example:8001"}) {
    const auto endpoint = Endpoint::parse(url);
    ASSERT_TRUE(endpoint) << url;
    EXPECT_TRUE(endpoint->is_tls);
    EXPECT_EQ(endpoint->url(), "wss://cameras.example:8001/ws") << url;
  }
  EXPECT_FALSE(Endpoint::parse("ws://cameras.example")->is_tls);
}

TEST(EndpointTest, WhatCannotBeMeantIsAUsageError) {
  for (const char* url :
       {"ftp://host/ws", "rtsp://host", "ws://", "ws://:80", "ws://h:0", "ws://h:65536",
        "ws://h:port", "ws://[::1", "ws://[::1]x", "ws://u@h", "ws://h\n"}) {
    const auto endpoint = Endpoint::parse(url);
    ASSERT_FALSE(endpoint) << url;
    EXPECT_EQ(endpoint.error().exit, Exit::Usage);
  }
}

TEST(Base64Test, KnownTextsDecodeAndOthersAreRefused) {
  // RFC 4648 §10.
  EXPECT_EQ(from_base64(""), "");
  EXPECT_EQ(from_base64("Zg=="), "f");
  EXPECT_EQ(from_base64("Zm8="), "fo");
  EXPECT_EQ(from_base64("Zm9vYmFy"), "foobar");
  EXPECT_EQ(from_base64("/+8="), "\xff\xef");
  for (const char* bad : {"Zg", "Z===", "Zm9v!mFy", "Zg==Zg=="})
    EXPECT_FALSE(from_base64(bad)) << bad;
}

}  // namespace
}  // namespace bulkhead::cli
