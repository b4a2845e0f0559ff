#include "worker/sink/gap_record.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/sink_record.hpp"

namespace bulkhead::worker {
namespace {

constexpr Loss kLoss{
    .generation = 3, .from = 10, .to = 20, .count = 7, .reason = GapReason::Expired, .time_ns = 99};

TEST(GapRecordTest, ItSaysWhatIsMissingUnderTheKeyOfTheLastOne) {
  const SinkRecord record = gap_record("display;\"camera", kLoss);
  EXPECT_EQ(record.kind, RecordKind::Gap);
  EXPECT_EQ(record.generation, 3U);
  EXPECT_EQ(record.sequence, 20U);
  EXPECT_EQ(record.expires_ns, 0);
  const auto message = nlohmann::json::parse(record.json);
  EXPECT_EQ(message, (nlohmann::json{{"v", 1},
                                     {"kind", "gap"},
                                     {"session", "display;\"camera"},
                                     {"generation", 3},
                                     {"fromSequence", 10},
                                     {"toSequence", 20},
                                     {"count", 7},
                                     {"reason", "expired"}}));
}

TEST(GapRecordTest, WhatWasWrittenIsRead) {
  const auto loss = read_gap(gap_record("s", kLoss));
  ASSERT_TRUE(loss);
  EXPECT_EQ(loss->from, 10U);
  EXPECT_EQ(loss->to, 20U);
  EXPECT_EQ(loss->count, 7U);
  EXPECT_EQ(loss->reason, GapReason::Expired);
  EXPECT_EQ(loss->time_ns, 99);
}

TEST(GapRecordTest, WhatIsNoGapOfOursIsNone) {
  EXPECT_FALSE(read_gap(test::sink_record(1)));
  for (const char* json :
       {"", "{}", "[]", R"({"v":1,"kind":"gap","session":"s","fromSequence":9,"toSequence":1})",
        R"({"v":1,"kind":"gap","session":"s","fromSequence":-1,"toSequence":1,"count":1})"}) {
    SinkRecord record = gap_record("s", kLoss);
    record.json = json;
    EXPECT_FALSE(read_gap(record)) << json;
  }
}

}  // namespace
}  // namespace bulkhead::worker
