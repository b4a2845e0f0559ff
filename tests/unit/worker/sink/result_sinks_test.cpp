#include "worker/sink/result_sinks.hpp"
#include "common/sink_limits.hpp"

#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>
#include <map>
#include <numeric>
#include <thread>

#include "common/clock.hpp"
#include "tests/support/file_sink.hpp"
#include "tests/support/sink_record.hpp"
#include "tests/support/temp_dir.hpp"
#include "worker/sink/gap_record.hpp"

namespace bulkhead::worker {
namespace {

using ipc::PriorityClass;
using test::FileSink;
using test::FileSinkControl;
using test::sequences_of;
using test::sink_record;
using namespace std::chrono_literals;

class ResultSinksTest : public ::testing::Test {
 protected:
  std::unique_ptr<ResultSinks> start(const std::vector<std::string>& names = {"one"},
                                     bool held = false) {
    std::vector<NamedSink> sinks;
    for (const std::string& name : names) {
      auto& control = controls_[name];
      if (!control) control = std::make_shared<FileSinkControl>();
      sinks.push_back({name, std::make_unique<FileSink>(directory_.path() / name, control)});
    }
    return std::make_unique<ResultSinks>(
        ResultSinksSpec{.folder = directory_.path() / "spool", .session = "s", .held = held},
        std::move(sinks), std::make_shared<spdlog::logger>("test"));
  }

  FileSinkControl& control(const std::string& name = "one") { return *controls_.at(name); }

  /// Before the sink is there.
  FileSinkControl& make_control(const std::string& name = "one") {
    controls_[name] = std::make_shared<FileSinkControl>();
    return *controls_[name];
  }

  static void offer(ResultSinks& sinks, Sequence from, Sequence to) {
    for (Sequence i = from; i <= to; ++i) sinks.offer(sink_record(i));
  }

  static std::vector<Sequence> from_to(Sequence from, Sequence to) {
    std::vector<Sequence> all(to - from + 1);
    std::iota(all.begin(), all.end(), from);
    return all;
  }

  std::vector<Sequence> written(const std::string& name = "one") {
    return sequences_of(control(name).written());
  }

  /// Until it is so, of what no sink tells; false at the hang limit.
  template <class Condition>
  static bool eventually(Condition is_so) {
    const std::int64_t limit_ns = std::chrono::nanoseconds{test::kHangLimit}.count();
    for (const std::int64_t begin_ns = monotonic_ns(); monotonic_ns() - begin_ns < limit_ns;) {
      if (is_so()) return true;
      std::this_thread::yield();
    }
    return false;
  }

  test::TempDir directory_;
  std::map<std::string, std::shared_ptr<FileSinkControl>> controls_;
};

TEST_F(ResultSinksTest, WhatIsOfferedComesToTheSinkInOrderAndIsDurable) {
  auto sinks = start();
  offer(*sinks, 1, 500);
  ASSERT_TRUE(sinks->stop(test::kHangLimit));
  EXPECT_EQ(written(), from_to(1, 500));
  EXPECT_EQ(sinks->durable_sequence(), 500U);
  const auto counters = sinks->counters();
  EXPECT_EQ(counters.sinks[0].written_total, 500U);
  EXPECT_EQ(counters.sinks[0].backlog.records, 0U);
  for (const std::size_t batch : control().batches()) EXPECT_LE(batch, limits::kSinkBatchRecords);
}

TEST_F(ResultSinksTest, WithOneSinkDeadTheOtherGetsAllAndTheDeadOneLater) {
  make_control("dead").set_down(true);
  {
    auto sinks = start({"alive", "dead"});
    offer(*sinks, 1, 300);
    ASSERT_TRUE(control("alive").wait_written(300));
    EXPECT_TRUE(written("dead").empty());
    EXPECT_EQ(sinks->counters().sinks[1].backlog.records, 300U);
    EXPECT_TRUE(sinks->stop(test::kHangLimit));
  }
  control("dead").set_down(false);
  auto sinks = start({"alive", "dead"});
  ASSERT_TRUE(control("dead").wait_written(300));
  EXPECT_EQ(written("dead"), from_to(1, 300));
  EXPECT_EQ(written("alive"), from_to(1, 300));
}

TEST_F(ResultSinksTest, ASinkThatIsFarBehindReadsFromDiskWhatMemoryLetGo) {
  make_control().set_down(true);
  auto sinks = start();
  constexpr Sequence kMany = 5 * limits::kRecentRecords;
  for (Sequence i = 1; i <= kMany; ++i) {
    sinks->offer(sink_record(i));
    // No faster than the disk, or records would be lost here and not there.
    while (sinks->durable_sequence() + limits::kRecentRecords / 2 < i) std::this_thread::yield();
  }
  control().set_down(false);
  ASSERT_TRUE(control().wait_written(kMany));
  EXPECT_EQ(written(), from_to(1, kMany));
  EXPECT_EQ(sinks->counters().sinks[0].gaps_total, 0U);
}

TEST_F(ResultSinksTest, FailuresInARowOpenTheBreakerAndThenSingleRecordsAreTried) {
  auto sinks = start();
  control().set_down(true);
  offer(*sinks, 1, 100);
  ASSERT_TRUE(eventually([&] { return sinks->counters().sinks[0].breaker == BreakerState::Open; }));
  const auto failing = sinks->counters().sinks[0];
  EXPECT_GE(failing.retried_total, limits::kSinkFailures);
  EXPECT_EQ(failing.last_error, "the sink is down");

  const std::size_t before = control().batches().size();
  control().set_down(false);
  ASSERT_TRUE(control().wait_written(100));
  EXPECT_EQ(control().batches()[before], 1U);
  EXPECT_EQ(written(), from_to(1, 100));
  ASSERT_TRUE(sinks->stop(test::kHangLimit));
  EXPECT_EQ(sinks->counters().sinks[0].breaker, BreakerState::Closed);
  EXPECT_TRUE(sinks->counters().sinks[0].last_error.empty());
}

TEST_F(ResultSinksTest, ARecordThatIsRefusedBecomesADeadLetterAndTheOthersArrive) {
  make_control().refuse(7);
  auto sinks = start();
  offer(*sinks, 1, 20);
  ASSERT_TRUE(sinks->stop(test::kHangLimit));
  auto expected = from_to(1, 20);
  expected.erase(expected.begin() + 6);
  EXPECT_EQ(written(), expected);
  EXPECT_EQ(sinks->counters().sinks[0].dead_letters_total, 1U);
  std::ifstream letters{directory_.path() / "spool" / "one.dead.jsonl"};
  std::string line;
  ASSERT_TRUE(std::getline(letters, line));
  EXPECT_NE(line.find("\"sequence\":7,"), std::string::npos) << line;
  EXPECT_NE(line.find("the sink does not take it"), std::string::npos);
  EXPECT_FALSE(std::getline(letters, line));
}

TEST_F(ResultSinksTest, ASinkThatRefusesEverythingDoesNotEatTheBacklog) {
  make_control().refuse_all(true);
  auto sinks = start();
  offer(*sinks, 1, 100);
  ASSERT_TRUE(eventually([&] { return sinks->counters().sinks[0].breaker == BreakerState::Open; }));
  const auto counters = sinks->counters().sinks[0];
  EXPECT_LE(counters.dead_letters_total, limits::kPoisonInARow + 1);
  control().refuse_all(false);
  ASSERT_TRUE(control().wait_written(100 - limits::kPoisonInARow - 1));
}

TEST_F(ResultSinksTest, WhatHasExpiredIsToldAsAGapInItsPlace) {
  auto sinks = start();
  control().set_held(true);
  for (Sequence i = 1; i <= 10; ++i) {
    SinkRecord record = sink_record(i);
    if (i >= 4 && i <= 6) record.expires_ns = 1;
    if (i == 8) record.expires_ns = wall_ns() + 3600 * kNsPerSecond;
    sinks->offer(std::move(record));
  }
  control().set_held(false);
  ASSERT_TRUE(sinks->stop(test::kHangLimit));
  EXPECT_EQ(written(), (std::vector<Sequence>{1, 2, 3, 6, 7, 8, 9, 10}));
  const auto gap = read_gap(control().written()[3]);
  ASSERT_TRUE(gap);
  EXPECT_EQ(gap->from, 4U);
  EXPECT_EQ(gap->count, 3U);
  EXPECT_EQ(gap->reason, GapReason::Expired);
  EXPECT_EQ(sinks->counters().sinks[0].expired_total, 3U);
  EXPECT_EQ(sinks->counters().sinks[0].gaps_total, 1U);
}

TEST_F(ResultSinksTest, AStopWaitsForAHangingSinkNoLongerThanItsPatienceAndLosesNothing) {
  {
    auto sinks = start();
    control().set_held(true);
    offer(*sinks, 1, 50);
    ASSERT_TRUE(eventually([&] { return sinks->durable_sequence() == 50; }));
    EXPECT_FALSE(sinks->stop(50ms));
    control().set_down(true);
    control().set_held(false);
  }
  EXPECT_TRUE(written().empty());
  control().set_down(false);
  auto sinks = start();
  ASSERT_TRUE(control().wait_written(50));
  EXPECT_EQ(written(), from_to(1, 50));
}

TEST_F(ResultSinksTest, WhatIsOfferedAfterTheStopIsNotTaken) {
  auto sinks = start();
  offer(*sinks, 1, 5);
  ASSERT_TRUE(sinks->stop(test::kHangLimit));
  offer(*sinks, 6, 6);
  EXPECT_EQ(written(), from_to(1, 5));
  EXPECT_EQ(sinks->counters().sinks[0].backlog.records, 0U);
}

TEST_F(ResultSinksTest, ANewOwnerWaitsForTheOldOneAndGoesOnAfterIt) {
  auto old_sinks = start();
  control().set_down(true);
  offer(*old_sinks, 1, 10);
  ASSERT_TRUE(control().wait_attempts(1));
  auto new_sinks = start();
  SinkRecord later = sink_record(1);
  later.generation = 2;
  new_sinks->offer(later);
  EXPECT_TRUE(new_sinks->counters().log.waiting_for_spool);
  offer(*old_sinks, 11, 20);
  EXPECT_EQ(new_sinks->durable_sequence(), 0U);
  old_sinks->stop(test::kHangLimit);
  old_sinks.reset();
  control().set_down(false);
  ASSERT_TRUE(control().wait_written(21));
  auto expected = from_to(1, 20);
  expected.push_back(1);
  EXPECT_EQ(written(), expected);
  EXPECT_EQ(control().written().back().generation, 2U);
}

TEST_F(ResultSinksTest, WhatIsHeldCountsFromTheTimeThatIsGiven) {
  auto sinks = start({"one"}, true);
  offer(*sinks, 1, 10);  // frame i is taken at i µs
  sinks->begin(4000);
  offer(*sinks, 11, 12);
  EXPECT_EQ(sinks->end_after(), 12'000);
  offer(*sinks, 13, 14);
  ASSERT_TRUE(sinks->stop(test::kHangLimit));
  EXPECT_EQ(written(), from_to(5, 12));
}

/// Files may not grow past `bytes` while it lives; what else the process writes is smaller.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit full{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &full);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
  ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(ResultSinksTest, WithAFullDiskResultsReachTheSinkFromMemoryAndThenTheDiskAgain) {
  auto sinks = start();
  Sequence next = 1;
  {
    const FullDisk full{16'384};
    while (!sinks->counters().log.disk_failing) {
      sinks->offer(sink_record(next, PriorityClass::Important, 1000));
      ASSERT_TRUE(control().wait_written(next));
      ASSERT_LT(++next, 1000U);
    }
    const Sequence stored = sinks->durable_sequence();
    EXPECT_LT(stored, next);
  }
  // The disk is tried again with what comes.
  while (sinks->durable_sequence() + 1 < next) {
    sinks->offer(sink_record(next, PriorityClass::Important, 1000));
    ASSERT_TRUE(control().wait_written(next));
    ASSERT_LT(++next, 1'000'000U);
  }
  EXPECT_FALSE(sinks->counters().log.disk_failing);
  EXPECT_EQ(written(), from_to(1, next - 1));
}

TEST_F(ResultSinksTest, WithoutAnyDiskResultsStillReachTheSink) {
  directory_.write("spool", "a file where the folder should be");
  auto sinks = start();
  offer(*sinks, 1, 50);
  ASSERT_TRUE(control().wait_written(50));
  EXPECT_TRUE(sinks->counters().log.disk_failing);
  EXPECT_EQ(sinks->durable_sequence(), 0U);
  EXPECT_TRUE(sinks->stop(test::kHangLimit));
}

}  // namespace
}  // namespace bulkhead::worker
