#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <string>

#include "tests/support/child_process.hpp"
#include "tests/support/file_sink.hpp"
#include "tests/support/temp_dir.hpp"
#include "worker/sink/result_sinks.hpp"

namespace bulkhead::worker {
namespace {

using Key = std::pair<Generation, Sequence>;

constexpr int kKills = 50;

/// Reads the durable sequences that a fixture tells, until there were `count` of them; the last.
Sequence read_told(int fd, std::size_t count) {
  Sequence told = 0;
  Sequence one = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (!wait_readable(fd, test::kHangLimit)) return told;
    if (::read(fd, &one, sizeof(one)) != sizeof(one)) return told;
    told = one;
  }
  return told;
}

TEST(KilledSinksTest, WhatWasToldToBeDurableIsThereOnceAfterFiftyKillsAtAnyMoment) {
  const test::TempDir directory;
  const auto spool = directory.path() / "spool";
  const auto file = directory.path() / "written";
  std::minstd_rand random{20260105};
  std::map<Generation, Sequence> durable;
  for (Generation generation = 1; generation <= kKills; ++generation) {
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
    const UniqueFd ours{pipe[0]};
    UniqueFd theirs{pipe[1]};
    // In two of three rounds the sink is down: the next one finds a backlog of several generations.
    const std::string state = generation % 3 == 0 ? "up" : "down";
    ChildProcess child{BULKHEAD_FIXTURE_DIR "/fixture_offers_records",
                       {spool, file, std::to_string(generation), state},
                       {{theirs.get(), STDOUT_FILENO}}};
    theirs.reset();
    durable[generation] = read_told(ours.get(), 1 + random() % 60);
    ASSERT_GT(durable[generation], 0U);
    child.kill();
    ASSERT_TRUE(child.wait_exit());
    durable[generation] = std::max(durable[generation], read_told(ours.get(), SIZE_MAX));
  }

  const auto control = std::make_shared<test::FileSinkControl>();
  {
    std::vector<NamedSink> sinks;
    sinks.push_back({"file", std::make_unique<test::FileSink>(file, control)});
    ResultSinks last{{.folder = spool, .session = "s"},
                     std::move(sinks),
                     std::make_shared<spdlog::logger>("test")};
    ASSERT_TRUE(last.stop(test::kHangLimit));
    EXPECT_EQ(last.counters().sinks[0].backlog.records, 0U);
  }
  std::ifstream lines{file};
  std::set<Key> written;
  std::map<Generation, Sequence> last_of;
  Generation generation = 0;
  Sequence sequence = 0;
  int kind = 0;
  while (lines >> generation >> sequence >> kind) {
    EXPECT_EQ(kind, static_cast<int>(RecordKind::Detection)) << "nothing was lost, nor told to be";
    EXPECT_TRUE(written.emplace(generation, sequence).second) << generation << ' ' << sequence;
    // In order: a record is only there after all before it.
    EXPECT_EQ(sequence, last_of[generation] + 1) << generation;
    EXPECT_TRUE(last_of.rbegin()->first == generation) << "an older generation after a newer one";
    last_of[generation] = sequence;
  }
  for (const auto& [of, told] : durable) EXPECT_GE(last_of[of], told) << of;
}

}  // namespace
}  // namespace bulkhead::worker
