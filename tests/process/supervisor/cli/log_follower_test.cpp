#include "supervisor/cli/log_follower.hpp"

#include "tests/support/hang_limit.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::cli {
namespace {

using test::kHangLimit;

class LogFollowerTest : public ::testing::Test {
 protected:
  void append(const std::string& text) {
    std::ofstream{file_, std::ios::app | std::ios::binary} << text;
  }

  test::TempDir folder_;
  std::filesystem::path file_ = folder_.write("worker.log", "one\ntwo\nthree\n");
};

TEST_F(LogFollowerTest, TheLastLinesAreWholeAndAsManyAsAsked) {
  auto log = LogFollower::open(file_);
  ASSERT_TRUE(log);
  EXPECT_EQ(log->last_lines(2).value(), "two\nthree\n");
  EXPECT_EQ(log->last_lines(3).value(), "one\ntwo\nthree\n");
  EXPECT_EQ(log->last_lines(99).value(), "one\ntwo\nthree\n");
  EXPECT_EQ(log->last_lines(0).value(), "");
}

TEST_F(LogFollowerTest, LinesAreFoundAcrossTheChunksThatAreRead) {
  std::string long_log;
  for (int i = 0; i < 20'000; ++i) long_log += "line " + std::to_string(i) + "\n";
  folder_.write("worker.log", long_log);
  auto log = LogFollower::open(file_);
  ASSERT_TRUE(log);
  const std::string last = log->last_lines(15'000).value();
  EXPECT_EQ(last.substr(0, 10), "line 5000\n");
  EXPECT_EQ(std::count(last.begin(), last.end(), '\n'), 15'000);
}

TEST_F(LogFollowerTest, WhatIsAppendedFollowsAndNothingTwice) {
  auto log = LogFollower::open(file_);
  ASSERT_TRUE(log);
  ASSERT_TRUE(log->last_lines(1));
  append("four\n");
  EXPECT_EQ(log->next(kHangLimit).value(), "four\n");
  append("five\n");
  EXPECT_EQ(log->next(kHangLimit).value(), "five\n");
  EXPECT_EQ(log->next(std::chrono::milliseconds{0}).value(), "");
}

TEST_F(LogFollowerTest, RotationLosesNoLine) {
  auto log = LogFollower::open(file_);
  ASSERT_TRUE(log);
  ASSERT_TRUE(log->last_lines(0));
  append("last of the old\n");
  std::filesystem::rename(file_, folder_.path() / "worker.1.log");
  append("first of the new\n");
  EXPECT_EQ(log->next(kHangLimit).value(), "last of the old\n");
  EXPECT_EQ(log->next(kHangLimit).value(), "first of the new\n");
  append("second of the new\n");
  EXPECT_EQ(log->next(kHangLimit).value(), "second of the new\n");
}

TEST_F(LogFollowerTest, AFileThatStartsAnewIsReadFromItsBeginning) {
  auto log = LogFollower::open(file_);
  ASSERT_TRUE(log);
  ASSERT_TRUE(log->last_lines(0));
  folder_.write("worker.log", "anew\n");
  EXPECT_EQ(log->next(kHangLimit).value(), "anew\n");
}

TEST_F(LogFollowerTest, AMissingFileIsNamed) {
  const auto log = LogFollower::open(folder_.path() / "absent.log");
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().exit, Exit::Refused);
  EXPECT_NE(log.error().message.find("absent.log"), std::string::npos);
}

}  // namespace
}  // namespace bulkhead::cli
