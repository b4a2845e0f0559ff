#include "worker/sink/spool.hpp"
#include "common/sink_limits.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <numeric>
#include <random>

#include "tests/support/sink_record.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::worker {
namespace {

using test::sequences_of;
using test::spool_entry;
namespace fs = std::filesystem;

constexpr std::uint64_t kWholeLog = ~std::uint64_t{0};

std::string content_of(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

void put(const fs::path& file, const std::string& content) {
  std::ofstream{file, std::ios::binary | std::ios::trunc} << content;
}

class SpoolTest : public ::testing::Test {
 protected:
  [[nodiscard]] SpoolSpec spec(std::vector<std::string> sinks = {"one"}) const {
    return {.folder = folder(), .session = "s", .sinks = std::move(sinks)};
  }
  [[nodiscard]] fs::path folder() const { return directory_.path() / "spool"; }

  static Spool open(SpoolSpec spec) {
    auto spool = Spool::open(std::move(spec));
    EXPECT_TRUE(spool) << spool.error().message;
    return std::move(*spool);
  }

  static void append(Spool& spool, std::uint64_t from, std::uint64_t to, std::size_t bytes = 100) {
    for (std::uint64_t i = from; i <= to; ++i) {
      ASSERT_TRUE(spool.append(spool_entry(i, ipc::PriorityClass::Important, bytes)));
    }
  }

  /// All that is there for a sink, batch by batch.
  static std::vector<SpoolEntry> read_all(Spool& spool, std::size_t sink = 0,
                                          std::uint64_t from = 0) {
    std::vector<SpoolEntry> all;
    while (true) {
      const auto batch = spool.read(sink, from, kWholeLog);
      EXPECT_TRUE(batch);
      if (!batch || batch->empty()) return all;
      all.insert(all.end(), batch->begin(), batch->end());
      from = all.back().index + 1;
    }
  }

  static std::vector<Sequence> from_to(Sequence from, Sequence to) {
    std::vector<Sequence> all(to - from + 1);
    std::iota(all.begin(), all.end(), from);
    return all;
  }

  test::TempDir directory_;
};

TEST_F(SpoolTest, WhatWasAppendedIsReadInOrderByTheNextOwner) {
  {
    Spool spool = open(spec());
    append(spool, 1, 100);
  }
  Spool spool = open(spec());
  EXPECT_EQ(spool.next_index(), 101U);
  EXPECT_EQ(sequences_of(read_all(spool)), from_to(1, 100));
  EXPECT_EQ(spool.backlog(0).records, 100U);
}

TEST_F(SpoolTest, ALastRecordTornAtAnyByteIsCutAndNothingElse) {
  {
    Spool spool = open(spec());
    append(spool, 1, 3);
  }
  const auto file = segment_file(folder(), 1);
  const std::string whole = content_of(file);
  const std::size_t record = whole.size() / 3;
  for (std::size_t left = 0; left < record; ++left) {
    put(file, whole.substr(0, 2 * record + left));
    Spool spool = open(spec());
    ASSERT_EQ(sequences_of(read_all(spool)), from_to(1, 2)) << left;
    ASSERT_EQ(spool.counters().torn_bytes, left);
    ASSERT_EQ(fs::file_size(file), 2 * record);
    ASSERT_EQ(spool.next_index(), 3U);
  }
}

TEST_F(SpoolTest, OneWrongByteAnywhereInTheLastRecordCostsNoOther) {
  {
    Spool spool = open(spec());
    append(spool, 1, 3);
  }
  const auto file = segment_file(folder(), 1);
  const std::string whole = content_of(file);
  const std::size_t record = whole.size() / 3;
  for (std::size_t at = 2 * record; at < whole.size(); ++at) {
    std::string wrong = whole;
    wrong[at] = static_cast<char>(wrong[at] ^ 0x10);
    put(file, wrong);
    Spool spool = open(spec());
    ASSERT_EQ(sequences_of(read_all(spool)), from_to(1, 2)) << at;
  }
}

TEST_F(SpoolTest, ADamagedSegmentIsSkippedToItsEndAndTheRestIsTold) {
  for (const std::uint64_t first : {1U, 11U, 21U}) {
    Spool spool = open(spec());
    append(spool, first, first + 9);
  }
  std::string damaged = content_of(segment_file(folder(), 2));
  damaged[damaged.size() / 2] ^= 1;
  put(segment_file(folder(), 2), damaged);

  Spool spool = open(spec());
  EXPECT_EQ(spool.counters().damaged_segments, 1U);
  const auto entries = read_all(spool);
  ASSERT_EQ(entries.size(), 26U);
  EXPECT_EQ(sequences_of(entries)[14], 15U);
  const auto gap = read_gap(*entries[15].record);
  ASSERT_TRUE(gap);
  EXPECT_EQ(gap->from, 16U);
  EXPECT_EQ(gap->to, 20U);
  EXPECT_EQ(gap->count, 5U);
  EXPECT_EQ(gap->reason, GapReason::Damaged);
  EXPECT_EQ(sequences_of(entries)[16], 21U);
}

TEST_F(SpoolTest, DamageThatAppearsWhileItIsReadIsSkippedAndTold) {
  {
    Spool spool = open(spec());
    append(spool, 1, 10);
  }
  Spool spool = open(spec());
  append(spool, 11, 12);
  std::string damaged = content_of(segment_file(folder(), 1));
  damaged[damaged.size() / 2] ^= 1;
  put(segment_file(folder(), 1), damaged);

  const auto entries = read_all(spool);
  EXPECT_EQ(sequences_of(entries), (std::vector<Sequence>{1, 2, 3, 4, 5, 10, 11, 12}));
  const auto gap = read_gap(*entries[5].record);
  ASSERT_TRUE(gap);
  EXPECT_EQ(gap->from, 6U);
  EXPECT_EQ(gap->count, 5U);
}

TEST_F(SpoolTest, FilesOfAnyContentAreOpenedWithoutHarm) {
  std::minstd_rand random{7};
  for (int round = 0; round < 50; ++round) {
    fs::remove_all(folder());
    fs::create_directories(folder());
    for (std::uint64_t number = 1; number <= 3; ++number) {
      std::string bytes;
      if (number != 2) encode_entry(spool_entry(number), bytes);
      for (int i = 0; i < 500; ++i) bytes += static_cast<char>(random());
      put(segment_file(folder(), number), bytes);
    }
    put(folder() / "one.cursor", std::string(16, static_cast<char>(random())));
    put(folder() / "0000000000000009.log", "");
    put(folder() / "00000000000000x9.log", "what");
    Spool spool = open(spec());
    EXPECT_EQ(sequences_of(read_all(spool)), (std::vector<Sequence>{1, 2, 3}));  // 2: the gap
    append(spool, spool.next_index(), spool.next_index());
  }
}

TEST_F(SpoolTest, WhatIsNoReadableFileIsSkippedAndTold) {
  for (const std::uint64_t first : {1U, 11U, 21U}) {
    Spool spool = open(spec());
    append(spool, first, first + 9);
  }
  fs::remove(segment_file(folder(), 2));
  fs::create_symlink("/dev/zero", segment_file(folder(), 2));
  Spool spool = open(spec());
  const auto entries = read_all(spool);
  ASSERT_EQ(entries.size(), 21U);
  const auto gap = read_gap(*entries[10].record);
  ASSERT_TRUE(gap);
  EXPECT_EQ(gap->from, 11U);
  EXPECT_EQ(gap->to, 20U);
}

TEST_F(SpoolTest, AWriterOfHugeNumbersIsNotBelieved) {
  fs::create_directories(folder());
  put(folder() / "9999999999999999.log", "");
  std::string bytes;
  encode_entry(spool_entry(std::uint64_t{1} << 62), bytes);
  put(segment_file(folder(), 1), bytes);
  Spool spool = open(spec());
  EXPECT_EQ(spool.next_index(), 1U);
  append(spool, 1, 1);
  EXPECT_TRUE(fs::exists(segment_file(folder(), 2)));
}

TEST_F(SpoolTest, ASinkGoesOnWhereItHasCommittedAndEachAtItsOwnPace) {
  {
    Spool spool = open(spec({"one", "two"}));
    append(spool, 1, 20);
    spool.commit(0, 11);
  }
  Spool spool = open(spec({"one", "two"}));
  EXPECT_EQ(spool.cursor(0), 11U);
  EXPECT_EQ(spool.cursor(1), 0U);
  EXPECT_EQ(sequences_of(read_all(spool, 0, spool.cursor(0))), from_to(11, 20));
  EXPECT_EQ(sequences_of(read_all(spool, 1)), from_to(1, 20));
  EXPECT_EQ(spool.backlog(0).records, 10U);
  EXPECT_EQ(spool.backlog(1).records, 20U);
}

TEST_F(SpoolTest, ADamagedCursorBeginsAtTheOldest) {
  {
    Spool spool = open(spec());
    append(spool, 1, 20);
    spool.commit(0, 11);
  }
  std::string cursor = content_of(folder() / "one.cursor");
  ASSERT_EQ(cursor.size(), 16U);
  cursor[8] ^= 1;
  put(folder() / "one.cursor", cursor);
  Spool spool = open(spec());
  EXPECT_EQ(spool.cursor(0), 0U);
}

TEST_F(SpoolTest, ACursorBeyondALogThatLostItsEndMissesNothingNew) {
  {
    Spool spool = open(spec());
    append(spool, 1, 20);
    spool.commit(0, 21);
  }
  fs::remove(segment_file(folder(), 1));
  Spool spool = open(spec());
  EXPECT_EQ(spool.next_index(), 21U);
}

TEST_F(SpoolTest, WhatAllSinksHaveIsRemovedAndNoSooner) {
  Spool spool = open(spec({"one", "two"}));
  append(spool, 1, 30, 100'000);  // eleven fill a segment
  ASSERT_EQ(spool.counters().segments, 3U);
  spool.commit(0, 31);
  EXPECT_EQ(spool.counters().segments, 3U);
  spool.commit(1, 12);
  EXPECT_EQ(spool.counters().segments, 2U);
  spool.commit(1, 31);
  EXPECT_EQ(spool.counters().segments, 1U);  // that which is appended to
}

TEST_F(SpoolTest, ASinkThatIsNotThereAnyMoreHoldsNothing) {
  {
    Spool spool = open(spec({"one", "gone"}));
    append(spool, 1, 30, 100'000);
    spool.commit(0, 31);
  }
  Spool spool = open(spec({"one"}));
  EXPECT_EQ(spool.counters().segments, 0U);
  EXPECT_FALSE(fs::exists(folder() / "gone.cursor"));
}

TEST_F(SpoolTest, ABatchThatIsAskedForAgainIsTheSame) {
  Spool spool = open(spec());
  append(spool, 1, 100);
  const auto first = spool.read(0, 0, kWholeLog);
  const auto again = spool.read(0, 0, kWholeLog);
  ASSERT_TRUE(first && again);
  EXPECT_EQ(sequences_of(*first), from_to(1, limits::kSinkBatchRecords));
  EXPECT_EQ(sequences_of(*again), sequences_of(*first));
}

TEST_F(SpoolTest, AnotherOwnerIsRefusedUntilTheFirstIsGone) {
  {
    const Spool first = open(spec());
    const auto second = Spool::open(spec());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::Unavailable);
  }
  EXPECT_TRUE(Spool::open(spec()));
}

}  // namespace
}  // namespace bulkhead::worker
