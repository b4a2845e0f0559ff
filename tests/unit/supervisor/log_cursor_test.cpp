#include "supervisor/log/log_cursor.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.hpp"

namespace bulkhead::supervisor {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

class LogCursorTest : public ::testing::Test {
 protected:
  void append(const std::string& text) const {
    std::ofstream{file_, std::ios::app | std::ios::binary} << text;
  }

  /// As common/rotating_log does.
  void rotate() const {
    for (int number = 5; number > 1; --number) {
      const fs::path older = backup_of(file_, static_cast<std::size_t>(number) - 1);
      if (fs::exists(older)) {
        fs::rename(older, backup_of(file_, static_cast<std::size_t>(number)));
      }
    }
    fs::rename(file_, backup_of(file_, 1));
  }

  Lines last(std::size_t count, bool will_read_on = false) {
    return cursor_.last_lines(filter_, count, will_read_on).lines;
  }

  /// All that has been appended.
  Lines more() {
    Lines lines;
    for (bool goes_on = true; goes_on;) {
      LogCursor::Step step = cursor_.read_on(filter_);
      goes_on = step.is_more;
      lines.insert(lines.end(), step.lines.begin(), step.lines.end());
    }
    return lines;
  }

  test::TempDir folder_;
  std::string file_ = folder_.path() / "cam.log";
  LogFilter filter_;
  LogCursor cursor_{file_};
};

TEST_F(LogCursorTest, TheLastLinesAreWholeAndAsManyAsAsked) {
  append("one\ntwo\nthree\n");
  EXPECT_EQ(last(2), (Lines{"two", "three"}));
  EXPECT_EQ(last(3), (Lines{"one", "two", "three"}));
  EXPECT_EQ(last(99), (Lines{"one", "two", "three"}));
  EXPECT_EQ(last(0), Lines{});
}

TEST_F(LogCursorTest, TheLastLinesGoBackIntoTheFilesBefore) {
  append("one\ntwo\n");
  rotate();
  append("three\n");
  rotate();
  append("four\n");
  EXPECT_EQ(last(3), (Lines{"two", "three", "four"}));
  filter_.grep = "o";
  EXPECT_EQ(last(9), (Lines{"one", "two", "four"}));
}

TEST_F(LogCursorTest, LinesAreFoundAcrossTheChunksThatAreRead) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "line " + std::to_string(i) + "\n";
  append(text);
  const Lines lines = last(15'000);
  ASSERT_EQ(lines.size(), 15'000U);
  EXPECT_EQ(lines.front(), "line 5000");
  EXPECT_EQ(lines.back(), "line 19999");
}

TEST_F(LogCursorTest, NoMoreIsKeptThanMayBeAndThatIsTold) {
  const std::string line(1023, 'x');
  for (std::size_t i = 0; i < limits::kLogTailBytes / 1023; ++i) append(line + "\n");
  EXPECT_FALSE(cursor_.last_lines(filter_, 2000, false).is_cut);
  append(line + "\n");
  const LastLines cut = cursor_.last_lines(filter_, 2000, false);
  EXPECT_TRUE(cut.is_cut);
  EXPECT_EQ(cut.lines.size(), limits::kLogTailBytes / 1023);
}

TEST_F(LogCursorTest, NoMoreIsSearchedThanMayBeAndThatIsTold) {
  append("wanted\n");
  fs::resize_file(file_, limits::kLogSearchBytes);  // zeros
  filter_.grep = "wanted";
  EXPECT_EQ(last(1).size(), 1U) << "at the limit";
  fs::resize_file(file_, limits::kLogSearchBytes + 8);
  const LastLines cut = cursor_.last_lines(filter_, 1, false);
  EXPECT_TRUE(cut.is_cut);
  EXPECT_EQ(cut.lines, Lines{});
}

TEST_F(LogCursorTest, WhatIsAppendedFollowsOnceAndNoLineByHalf) {
  append("one\ntw");
  EXPECT_EQ(last(5, true), Lines{"one"});
  EXPECT_EQ(more(), Lines{});
  append("o\nthree\nfo");
  EXPECT_EQ(more(), (Lines{"two", "three"}));
  append("ur\n");
  EXPECT_EQ(more(), Lines{"four"});
  EXPECT_EQ(more(), Lines{});
  EXPECT_EQ(last(9, false).size(), 4U);
}

TEST_F(LogCursorTest, ALineTooLongIsCutAndTheNextIsWhole) {
  append("");
  EXPECT_EQ(last(0, true), Lines{});
  append(std::string(limits::kLogLineBytes, 'x') + "\nnext\n");
  EXPECT_EQ(more()[0], std::string(limits::kLogLineBytes, 'x')) << "at the limit";
  append(std::string(3 * limits::kLogReadBytes, 'y') + "\nlast\n");
  const Lines lines = more();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0], std::string(limits::kLogLineBytes, 'y'));
  EXPECT_EQ(lines[1], "last");
}

TEST_F(LogCursorTest, RotationLosesNoLineNorDoSeveralAtOnce) {
  append("one\n");
  EXPECT_EQ(last(0, true), Lines{});
  append("two\n");
  rotate();
  EXPECT_EQ(more(), Lines{"two"});
  EXPECT_EQ(cursor_.state(), LogFileState::There) << "between the steps of a rotation";
  append("three\n");
  rotate();
  append("four\n");
  rotate();
  append("five\n");
  EXPECT_EQ(more(), (Lines{"three", "four", "five"}));
}

TEST_F(LogCursorTest, AFileThatIsEmptiedIsReadFromItsStart) {
  append("a long line\n");
  EXPECT_EQ(last(0, true), Lines{});
  fs::resize_file(file_, 0);
  append("new\n");
  EXPECT_EQ(more(), Lines{"new"});
}

TEST_F(LogCursorTest, AMissingFileIsToldAndReadFromItsStartOnceItIsBack) {
  EXPECT_EQ(last(5, true), Lines{});
  EXPECT_EQ(cursor_.state(), LogFileState::Missing);
  append("one\n");
  EXPECT_EQ(more(), Lines{"one"});
  EXPECT_EQ(cursor_.state(), LogFileState::There);
  fs::remove(file_);
  EXPECT_EQ(more(), Lines{});
  EXPECT_EQ(cursor_.state(), LogFileState::Missing);
  append("two\n");
  EXPECT_EQ(more(), Lines{"two"});
}

TEST_F(LogCursorTest, ALinkInItsPlaceIsNotFollowed) {
  append("one\n");
  EXPECT_EQ(last(0, true), Lines{});
  const fs::path secret = folder_.write("secret", "nobody's business\n");
  fs::remove(file_);
  fs::create_symlink(secret, file_);
  EXPECT_EQ(more(), Lines{});
  EXPECT_EQ(cursor_.state(), LogFileState::Refused);
  EXPECT_EQ(last(5), Lines{});
  EXPECT_EQ(cursor_.state(), LogFileState::Refused);
  fs::remove(file_);
  append("back\n");
  EXPECT_EQ(more(), Lines{"back"});
}

TEST_F(LogCursorTest, ALineCannotForgeAnotherOnATerminal) {
  append("a\x1b[2Jb\n");
  EXPECT_EQ(last(1), Lines{"a\\x1b[2Jb"});
}

}  // namespace
}  // namespace bulkhead::supervisor
