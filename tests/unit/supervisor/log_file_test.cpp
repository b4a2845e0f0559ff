#include "supervisor/log/log_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include <fcntl.h>
#include "tests/support/temp_dir.hpp"

namespace bulkhead::supervisor {
namespace {

using Lines = std::vector<std::string>;

class LastLogLines : public ::testing::Test {
 protected:
  Lines of(const std::string& text) { return last_log_lines(folder_.write("log", text)); }

  test::TempDir folder_;
};

TEST_F(LastLogLines, IsTheLastLinesOldestFirst) {
  EXPECT_EQ(of("one\ntwo\n"), (Lines{"one", "two"}));
  EXPECT_EQ(of("one\ncut off"), (Lines{"one", "cut off"}));
  EXPECT_EQ(of("one\n\ntwo\n"), (Lines{"one", "", "two"}));
  std::string many;
  Lines last;
  for (std::size_t i = 0; i < limits::kExitLogLines + 1; ++i) {
    many += std::to_string(i) + "\n";
    if (i > 0) last.push_back(std::to_string(i));
  }
  EXPECT_EQ(of(many), last);
}

TEST_F(LastLogLines, LeavesOutALineThatBeganBeforeWhatIsRead) {
  const std::string longest(limits::kExitLogBytes, 'x');
  EXPECT_EQ(of(longest + "\nlast\n"), (Lines{"last"}));
  EXPECT_EQ(of(longest + "x"), Lines{});
}

TEST_F(LastLogLines, CannotForgeALineOrBeLongerThanAReason) {
  EXPECT_EQ(of("a\x1b[2Jb\n"), (Lines{"a\\x1b[2Jb"}));
  const Lines cut = of(std::string(2 * limits::kReasonBytes, 'x'));
  ASSERT_EQ(cut.size(), 1U);
  EXPECT_LE(cut[0].size(), limits::kReasonBytes);
}

TEST_F(LastLogLines, IsEmptyWhereThereIsNoLog) {
  EXPECT_EQ(of(""), Lines{});
  EXPECT_EQ(last_log_lines(folder_.path() / "none"), Lines{});
  EXPECT_EQ(last_log_lines(folder_.path()), Lines{});
  const std::string fifo = folder_.path() / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(last_log_lines(fifo), Lines{});
}

}  // namespace
}  // namespace bulkhead::supervisor
