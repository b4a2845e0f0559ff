#include "worker/sink/recent_records.hpp"
#include "common/sink_limits.hpp"

#include <gtest/gtest.h>

#include "tests/support/sink_record.hpp"

namespace bulkhead::worker {
namespace {

using ipc::PriorityClass;
using test::sequences_of;
using test::sink_record;

constexpr Progress kNothingStored{.stored = 1, .fastest = 1, .slowest = 1};
constexpr std::size_t kFull = limits::kRecentRecords;

void fill(RecentRecords& recent, PriorityClass priority, const Progress& progress,
          std::size_t records = kFull) {
  for (std::size_t i = 0; i < records; ++i) {
    recent.offer(sink_record(recent.next_index(), priority), progress);
  }
}

std::vector<SpoolEntry> all_of(const RecentRecords& recent) {
  std::vector<SpoolEntry> all;
  std::uint64_t from = 0;
  while (true) {
    const auto batch = recent.read(from, recent.next_index());
    if (batch.empty()) return all;
    all.insert(all.end(), batch.begin(), batch.end());
    from = all.back().index + 1;
  }
}

std::uint64_t dropped(const RecentRecords& recent, PriorityClass priority) {
  return recent.dropped_total()[index_of(priority)];
}

TEST(RecentRecordsTest, RecordsOfAllClassesComeInTheOrderInWhichTheyWereOffered) {
  RecentRecords recent;
  Sequence sequence = 0;
  for (int round = 0; round < 3; ++round) {
    for (const auto priority : ipc::kAllPriorityClasses) {
      recent.offer(sink_record(++sequence, priority), kNothingStored);
    }
  }
  const auto batch = recent.read(1, recent.next_index());
  EXPECT_EQ(sequences_of(batch), (std::vector<Sequence>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
  EXPECT_EQ(sequences_of(recent.read(5, 8)), (std::vector<Sequence>{5, 6, 7}));
}

TEST(RecentRecordsTest, AtItsLimitAClassLosesNothingAndPastItImportantLosesTheOldest) {
  RecentRecords recent;
  fill(recent, PriorityClass::Important, kNothingStored);
  EXPECT_EQ(dropped(recent, PriorityClass::Important), 0U);
  recent.offer(sink_record(kFull + 1), kNothingStored);
  EXPECT_EQ(dropped(recent, PriorityClass::Important), 1U);
  EXPECT_EQ(all_of(recent).front().record->sequence, 2U);
  EXPECT_EQ(all_of(recent).back().record->sequence, kFull + 1);
}

TEST(RecentRecordsTest, BulkLosesTheNewest) {
  RecentRecords recent;
  fill(recent, PriorityClass::Bulk, kNothingStored);
  recent.offer(sink_record(kFull + 1, PriorityClass::Bulk), kNothingStored);
  EXPECT_EQ(dropped(recent, PriorityClass::Bulk), 1U);
  EXPECT_EQ(all_of(recent).front().record->sequence, 1U);
  EXPECT_EQ(all_of(recent).back().record->sequence, kFull);
}

TEST(RecentRecordsTest, NoClassTakesTheRoomOfAnother) {
  RecentRecords recent;
  recent.offer(sink_record(1, PriorityClass::Critical), kNothingStored);
  fill(recent, PriorityClass::Important, kNothingStored, 3 * kFull);
  fill(recent, PriorityClass::Bulk, kNothingStored, 3 * kFull);
  EXPECT_EQ(dropped(recent, PriorityClass::Critical), 0U);
  EXPECT_EQ(all_of(recent).front().record->sequence, 1U);
}

TEST(RecentRecordsTest, BytesAreALimitAsWellAsCount) {
  RecentRecords recent;
  const std::size_t json = 200'000;
  const std::size_t fit = limits::kRecentBytes / (json + sizeof(SinkRecord));
  for (std::size_t i = 1; i <= fit; ++i) {
    recent.offer(sink_record(i, PriorityClass::Important, json), kNothingStored);
  }
  EXPECT_EQ(dropped(recent, PriorityClass::Important), 0U);
  recent.offer(sink_record(fit + 1, PriorityClass::Important, json), kNothingStored);
  EXPECT_EQ(dropped(recent, PriorityClass::Important), 1U);
}

TEST(RecentRecordsTest, ARecordAtTheLimitIsTakenAndALargerOneIsToldAsLost) {
  RecentRecords recent;
  recent.offer(sink_record(1, PriorityClass::Important, limits::kSinkRecordBytes), kNothingStored);
  EXPECT_EQ(all_of(recent).size(), 1U);
  recent.offer(sink_record(2, PriorityClass::Important, limits::kSinkRecordBytes + 1),
               kNothingStored);
  ASSERT_TRUE(recent.tell_losses("s", kNothingStored, false));
  const auto gap = read_gap(*all_of(recent).front().record);
  const auto last = read_gap(*all_of(recent).back().record);
  EXPECT_FALSE(gap);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->from, 2U);
  EXPECT_EQ(last->reason, GapReason::TooLarge);
}

TEST(RecentRecordsTest, WhatIsOnDiskGivesWayWithoutBeingLost) {
  RecentRecords recent;
  fill(recent, PriorityClass::Important, kNothingStored);
  const Progress stored{.stored = kFull + 1, .fastest = 1, .slowest = 1};
  fill(recent, PriorityClass::Important, stored, 10);
  EXPECT_EQ(dropped(recent, PriorityClass::Important), 0U);
  EXPECT_EQ(recent.whole_from(), 11U);
}

TEST(RecentRecordsTest, WhatOneSinkHasGivesWayAlsoForBulkAndIsToldToTheOther) {
  RecentRecords recent;
  fill(recent, PriorityClass::Bulk, kNothingStored);
  const Progress one_has_all{.stored = 1, .fastest = kFull + 1, .slowest = 1};
  fill(recent, PriorityClass::Bulk, one_has_all, 10);
  EXPECT_EQ(all_of(recent).back().record->sequence, kFull + 10);
  EXPECT_EQ(dropped(recent, PriorityClass::Bulk), 10U);
}

TEST(RecentRecordsTest, ALossIsToldOnceThereIsRoomAgainAndOnce) {
  RecentRecords recent;
  fill(recent, PriorityClass::Important, kNothingStored, kFull + 5);
  EXPECT_FALSE(recent.tell_losses("s", kNothingStored, false));
  recent.release({.stored = 1, .fastest = kFull, .slowest = kFull});
  ASSERT_TRUE(recent.tell_losses("s", kNothingStored, false));
  const auto gap = read_gap(*all_of(recent).back().record);
  ASSERT_TRUE(gap);
  EXPECT_EQ(gap->from, 1U);
  EXPECT_EQ(gap->to, 5U);
  EXPECT_EQ(gap->count, 5U);
  EXPECT_FALSE(recent.tell_losses("s", kNothingStored, true));
}

TEST(RecentRecordsTest, WhatAllSinksHaveIsLetGo) {
  RecentRecords recent;
  fill(recent, PriorityClass::Important, kNothingStored, 10);
  recent.release({.stored = 11, .fastest = 11, .slowest = 6});
  EXPECT_EQ(all_of(recent).front().record->sequence, 6U);
}

TEST(RecentRecordsTest, RecordsThatWaitedForTheLogFollowWhatItHolds) {
  RecentRecords recent;
  fill(recent, PriorityClass::Important, kNothingStored, 3);
  recent.renumber_from(100);
  EXPECT_EQ(recent.first_index(), 100U);
  EXPECT_EQ(recent.next_index(), 103U);
  EXPECT_EQ(recent.whole_from(), 100U);
  EXPECT_EQ(sequences_of(recent.read(100, 200)), (std::vector<Sequence>{1, 2, 3}));
}

}  // namespace
}  // namespace bulkhead::worker
