#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "common/sink_limits.hpp"
#include "tests/support/sink_record.hpp"
#include "tests/support/temp_dir.hpp"
#include "worker/sink/spool.hpp"

namespace bulkhead::worker {
namespace {

using ipc::PriorityClass;
using test::spool_entry;

constexpr std::size_t kJsonBytes = 100'000;
constexpr std::size_t kCap = 4 * limits::kSpoolSegmentBytes;
constexpr std::uint64_t kNoEnd = ~std::uint64_t{0};

class SpoolCapTest : public ::testing::Test {
 protected:
  SpoolSpec spec(std::vector<std::string> sinks = {"one"}) const {
    return {.folder = directory_.path() / "spool",
            .session = "s",
            .sinks = std::move(sinks),
            .max_bytes = kCap};
  }

  struct Found {
    std::map<PriorityClass, std::vector<Sequence>> records;
    std::vector<Loss> gaps;

    [[nodiscard]] std::uint64_t lost() const {
      std::uint64_t lost = 0;
      for (const Loss& gap : gaps) lost += gap.count;
      return lost;
    }
  };

  static Found read_all(Spool& spool, std::size_t sink, std::uint64_t from = 0) {
    Found found;
    while (true) {
      const auto batch = spool.read(sink, from, kNoEnd);
      if (!batch || batch->empty()) return found;
      for (const SpoolEntry& entry : *batch) {
        EXPECT_GE(entry.index, from);
        from = entry.index + 1;
        if (const auto gap = read_gap(*entry.record)) {
          found.gaps.push_back(*gap);
        } else {
          found.records[entry.record->priority].push_back(entry.record->sequence);
        }
      }
    }
  }

  test::TempDir directory_;
};

TEST_F(SpoolCapTest, AtTheCapNothingFallsOffAndPastItBulkDoesFirst) {
  auto spool = Spool::open(spec());
  ASSERT_TRUE(spool);
  std::uint64_t next = 1;
  const auto append = [&](PriorityClass priority) {
    ASSERT_TRUE(spool->append(spool_entry(next, priority, kJsonBytes)));
    ++next;
  };
  // Each segment holds eleven, so three leave no room for a fourth.
  while (next <= 33) append(next % 2 == 0 ? PriorityClass::Bulk : PriorityClass::Important);
  EXPECT_EQ(spool->counters().thinned_segments, 0U);
  append(PriorityClass::Important);
  EXPECT_GT(spool->counters().thinned_segments, 0U);

  const Found found = read_all(*spool, 0);
  EXPECT_EQ(found.records.at(PriorityClass::Important).size(), 18U);
  ASSERT_FALSE(found.gaps.empty());
  EXPECT_EQ(found.lost() + found.records.at(PriorityClass::Bulk).size(), 16U);
  EXPECT_EQ(found.gaps.front().from, 2U);
  EXPECT_EQ(found.gaps.front().reason, GapReason::SpoolFull);
}

TEST_F(SpoolCapTest, WithoutBulkTheOldestImportantFallsOffAndCriticalStays) {
  auto spool = Spool::open(spec());
  ASSERT_TRUE(spool);
  std::uint64_t critical = 0;
  for (std::uint64_t i = 1; i <= 200; ++i) {
    const bool is_critical = i % 20 == 0;
    critical += is_critical ? 1U : 0U;
    ASSERT_TRUE(spool->append(spool_entry(
        i, is_critical ? PriorityClass::Critical : PriorityClass::Important, kJsonBytes)));
    ASSERT_LE(spool->counters().bytes, kCap + kJsonBytes + limits::kSpoolSegmentFloor);
  }
  const Found found = read_all(*spool, 0);
  EXPECT_EQ(found.records.at(PriorityClass::Critical).size(), critical);
  const auto& important = found.records.at(PriorityClass::Important);
  EXPECT_EQ(important.back(), 199U);
  EXPECT_EQ(found.lost() + important.size() + critical, 200U);
}

TEST_F(SpoolCapTest, CriticalAloneLosesTheOldestAndEachLossIsTold) {
  auto spool = Spool::open(spec());
  ASSERT_TRUE(spool);
  for (std::uint64_t i = 1; i <= 500; ++i) {
    ASSERT_TRUE(spool->append(spool_entry(i, PriorityClass::Critical, kJsonBytes)));
    ASSERT_LE(spool->counters().bytes, kCap + kJsonBytes + limits::kSpoolSegmentFloor);
  }
  const Found found = read_all(*spool, 0);
  const auto& left = found.records.at(PriorityClass::Critical);
  EXPECT_EQ(found.gaps.size(), 1U);
  EXPECT_EQ(found.lost() + left.size(), 500U);
  EXPECT_EQ(found.gaps.front().to + 1, left.front());
}

TEST_F(SpoolCapTest, ASinkIsToldOnlyOfWhatItLacks) {
  auto spool = Spool::open(spec({"ahead", "behind"}));
  ASSERT_TRUE(spool);
  std::uint64_t next = 1;
  while (next <= 5) ASSERT_TRUE(spool->append(spool_entry(next++, PriorityClass::Important)));
  spool->commit(0, 4);
  while (next <= 100) {
    ASSERT_TRUE(spool->append(spool_entry(next++, PriorityClass::Important, kJsonBytes)));
  }
  const Found behind = read_all(*spool, 1);
  ASSERT_GE(behind.gaps.size(), 2U);
  EXPECT_EQ(behind.gaps[0].from, 1U);
  EXPECT_EQ(behind.gaps[0].to, 3U);
  const Found ahead = read_all(*spool, 0, spool->cursor(0));
  EXPECT_EQ(ahead.gaps.front().from, 4U);
  EXPECT_EQ(ahead.lost() + 3, behind.lost());
}

TEST_F(SpoolCapTest, WhatEverySinkHasFallsOffUntold) {
  auto spool = Spool::open(spec());
  ASSERT_TRUE(spool);
  for (std::uint64_t i = 1; i <= 300; ++i) {
    ASSERT_TRUE(spool->append(spool_entry(i, PriorityClass::Bulk, kJsonBytes)));
    spool->commit(0, i + 1);
  }
  EXPECT_EQ(spool->counters().thinned_segments, 0U);
  EXPECT_TRUE(read_all(*spool, 0).gaps.empty());
}

TEST_F(SpoolCapTest, WhatFellOffIsStillToldByTheNextOwner) {
  std::uint64_t lost = 0;
  {
    auto spool = Spool::open(spec());
    ASSERT_TRUE(spool);
    for (std::uint64_t i = 1; i <= 200; ++i) {
      ASSERT_TRUE(spool->append(spool_entry(i, PriorityClass::Important, kJsonBytes)));
    }
    lost = read_all(*spool, 0).lost();
  }
  auto spool = Spool::open(spec());
  ASSERT_TRUE(spool);
  EXPECT_GT(lost, 0U);
  EXPECT_EQ(read_all(*spool, 0).lost(), lost);
}

}  // namespace
}  // namespace bulkhead::worker
