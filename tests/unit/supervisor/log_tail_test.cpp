#include "supervisor/log/log_tail.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>

#include "tests/support/hang_limit.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::supervisor {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

class LogTailTest : public ::testing::Test {
 protected:
  void append(const std::string& text) const {
    std::ofstream{file_, std::ios::app | std::ios::binary} << text;
  }

  std::shared_ptr<LogTail> tail(LogRequest request, TailQueue::Limits limits = {}) {
    request.name = "cam.log";
    return LogTail::start(
               logs_, std::move(request), [this] { ++woken_; }, limits)
        .value();
  }

  /// Turns the loop until there is something to take, and takes it.
  LogBatch next(LogTail& tail) {
    loop_.restart();
    const auto deadline = std::chrono::steady_clock::now() + test::kHangLimit;
    while (tail.empty() && loop_.run_one_until(deadline) > 0) {
    }
    return tail.take(limits::kLogMessageBytes);
  }

  /// All that is told up to the line and the state of the file.
  LogBatch until(LogTail& tail, const Lines& lines, LogFileState state) {
    LogBatch all;
    while (all.lines != lines || all.file != state) {
      const LogBatch batch = next(tail);
      all.lines.insert(all.lines.end(), batch.lines.begin(), batch.lines.end());
      if (batch.file) all.file = batch.file;
      if (tail.empty() && loop_.stopped()) break;  // nothing more will come
    }
    return all;
  }

  test::TempDir folder_;
  fs::path file_ = folder_.path() / "cam.log";
  boost::asio::io_context loop_;
  std::shared_ptr<LogFolder> logs_ = std::make_shared<LogFolder>(loop_, folder_.path(), 4);
  int woken_ = 0;
};

TEST_F(LogTailTest, TheLastLinesAreAllOfOneThatDoesNotFollow) {
  append("one\ntwo\nthree\n");
  const auto log = tail({.lines = 2});
  EXPECT_TRUE(log->empty()) << "the loop does not read itself";
  const LogBatch batch = next(*log);
  EXPECT_EQ(batch.lines, (Lines{"two", "three"}));
  EXPECT_TRUE(batch.is_end);
  EXPECT_FALSE(batch.file);
  EXPECT_TRUE(log->empty());
  EXPECT_EQ(woken_, 1);
}

TEST_F(LogTailTest, WhatIsAppendedComesWithoutBeingAskedFor) {
  append("one\n");
  const auto log = tail({.lines = 1, .follow = true});
  EXPECT_EQ(next(*log).lines, Lines{"one"});
  append("two\n");
  EXPECT_EQ(next(*log).lines, Lines{"two"});
  fs::rename(file_, folder_.path() / "cam.1.log");
  append("three\n");
  EXPECT_EQ(next(*log).lines, Lines{"three"});
}

TEST_F(LogTailTest, AFileThatGoesAndComesBackIsToldAndPickedUp) {
  const auto log = tail({.lines = 1, .follow = true});
  EXPECT_EQ(next(*log).file, LogFileState::Missing);
  append("one\n");
  EXPECT_EQ(until(*log, {"one"}, LogFileState::There).lines, Lines{"one"});
  fs::create_symlink("/etc/hostname", folder_.path() / "link");
  fs::rename(folder_.path() / "link", file_);
  EXPECT_EQ(until(*log, {}, LogFileState::Refused).file, LogFileState::Refused);
  fs::remove(file_);
  EXPECT_EQ(until(*log, {}, LogFileState::Missing).file, LogFileState::Missing);
  append("two\n");
  EXPECT_EQ(until(*log, {"two"}, LogFileState::There).lines, Lines{"two"});
}

TEST_F(LogTailTest, AMissingFileIsToldToOneThatDoesNotFollowToo) {
  const LogBatch batch = next(*tail({.lines = 1}));
  EXPECT_EQ(batch.file, LogFileState::Missing);
  EXPECT_TRUE(batch.is_end);
}

TEST_F(LogTailTest, ASlowReaderLosesTheOldestLinesAndAnotherNone) {
  append("first\n");
  const auto slow = tail({.lines = 1, .follow = true}, {.lines = 3, .bytes = 1000});
  const auto good = tail({.lines = 1, .follow = true}, {.lines = 100, .bytes = 1000});
  EXPECT_EQ(next(*slow).lines, Lines{"first"});
  EXPECT_EQ(next(*good).lines, Lines{"first"});
  append("one\ntwo\nthree\nfour\nfive\n");  // in one write, so read at once
  EXPECT_EQ(next(*good).lines, (Lines{"one", "two", "three", "four", "five"}));
  const LogBatch batch = next(*slow);
  EXPECT_EQ(batch.lost, 2U);
  EXPECT_EQ(batch.lines, (Lines{"three", "four", "five"}));
}

TEST_F(LogTailTest, ThereAreNoMoreReadersThanMayBe) {
  append("one\n");
  auto first = tail({.reader = "a", .lines = 1});
  const auto second = tail({.reader = "a", .lines = 1});
  const auto third = tail({.reader = "b", .lines = 1});
  const auto fourth = tail({.reader = "b", .lines = 1});
  const auto fifth = LogTail::start(logs_, {.name = "cam.log", .reader = "c"}, [] {});
  ASSERT_FALSE(fifth);
  EXPECT_EQ(fifth.error().code, ErrorCode::LimitReached);
  EXPECT_EQ(logs_->readers(), 4U);
  first.reset();
  EXPECT_TRUE(LogTail::start(logs_, {.name = "cam.log", .reader = "c"}, [] {}));
}

TEST_F(LogTailTest, OneReaderLeavesHalfOfThePlacesToOthers) {
  append("one\n");
  auto first = tail({.reader = "a", .lines = 1});
  const auto second = tail({.reader = "a", .lines = 1});
  const auto third = LogTail::start(logs_, {.name = "cam.log", .reader = "a"}, [] {});
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, ErrorCode::LimitReached);
  EXPECT_TRUE(LogTail::start(logs_, {.name = "cam.log", .reader = "b"}, [] {}));
  first.reset();
  EXPECT_TRUE(LogTail::start(logs_, {.name = "cam.log", .reader = "a"}, [] {}));
}

TEST_F(LogTailTest, AFolderThatIsNotThereIsToldToOneThatFollows) {
  const auto nowhere = std::make_shared<LogFolder>(loop_, folder_.path() / "none");
  const auto log = LogTail::start(nowhere, {.name = "cam.log", .follow = true}, [] {});
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().code, ErrorCode::LimitReached);
}

TEST_F(LogTailTest, NobodyIsWokenWhoHasGone) {
  append("one\n");
  auto log = tail({.lines = 1, .follow = true});
  log->stop();
  log.reset();
  loop_.run();
  EXPECT_EQ(woken_, 0);
  EXPECT_EQ(logs_->readers(), 0U);
}

}  // namespace
}  // namespace bulkhead::supervisor
