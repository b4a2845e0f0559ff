#include "common/rotating_log.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <spdlog/logger.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <thread>
#include <vector>

#include "common/limits.hpp"
#include "tests/support/text_lines.hpp"

namespace bulkhead {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSmallestLog = 4096;

class RotatingLogTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "bulkhead_log_XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] fs::path file(const std::string& name = "camera.log") const {
    return folder_ / name;
  }

  [[nodiscard]] LogSpec spec() const {
    LogSpec spec;
    spec.file = file();
    spec.session = "d;c";
    spec.generation = 3;
    return spec;
  }

  std::shared_ptr<spdlog::logger> open(const LogSpec& spec) const {
    auto log = open_log(spec, redactor_);
    EXPECT_TRUE(log) << log.error().message;
    return log ? *log : nullptr;
  }

  std::shared_ptr<Redactor> redactor_ = std::make_shared<Redactor>();
  fs::path folder_;
};

mode_t mode_of(const fs::path& path) {
  struct stat found {};
  EXPECT_EQ(::stat(path.c_str(), &found), 0);
  return found.st_mode & 07777U;
}

/// Makes files of this process end at `bytes`, as a full disk does: the write that meets the
/// limit is short, and the next fails.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    previous_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &previous_);
    const rlimit limit{bytes, previous_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &previous_);
    std::signal(SIGXFSZ, previous_handler_);
  }

 private:
  rlimit previous_{};
  void (*previous_handler_)(int) = nullptr;
};

TEST_F(RotatingLogTest, ALineHoldsTimeLevelSessionGenerationThreadAndMessage) {
  const auto log = open(spec());
  std::jthread{[&] {
    ::pthread_setname_np(::pthread_self(), "my thread");
    log->warn("camera lost reason={} frames={}", log_value("no data"), 7);
  }}.join();
  const auto lines = test::lines_of(file());
  ASSERT_EQ(lines.size(), 1U);
  const std::regex pattern{
      R"re(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z warn d;c 3 my_thread camera lost reason="no data" frames=7)re"};
  EXPECT_TRUE(std::regex_match(lines[0], pattern)) << lines[0];
}

TEST_F(RotatingLogTest, OnlyLinesOfTheLevelAndAboveAreWrittenAndTheLevelMayChange) {
  LogSpec warnings = spec();
  warnings.level = "warn";
  const auto log = open(warnings);
  log->info("one");
  log->error("two");
  ASSERT_TRUE(set_log_level(*log, "trace"));
  log->trace("three");
  EXPECT_EQ(test::lines_of(file()).size(), 2U);
  const auto refused = set_log_level(*log, "loud");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "log level \"loud\" is not known; use trace, debug, info, warn or error");
  EXPECT_EQ(log->level(), spdlog::level::trace);
}

TEST_F(RotatingLogTest, ForeignTextCannotForgeALineNorLeakASecret) {
  redactor_->add("p@ss");
  const auto log = open(spec());
  log->info(
      "gst: rtsp://u:p%40ss@h/ p@ss\n2026-01-01T00:00:00.000000Z error d;c 3 x forged\x1B[0m");
  const auto lines = test::lines_of(file());
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_TRUE(lines[0].ends_with(
      R"(gst: rtsp://u:***@h/ ***\x0a2026-01-01T00:00:00.000000Z error d;c 3 x forged\x1b[0m)"))
      << lines[0];
}

TEST_F(RotatingLogTest, ASecretAddedLaterIsHiddenFromThenOn) {
  const auto log = open(spec());
  redactor_->add("later-secret");
  log->info("later-secret");
  EXPECT_TRUE(test::lines_of(file()).at(0).ends_with(" ***"));
}

TEST_F(RotatingLogTest, ALongMessageIsCut) {
  const auto log = open(spec());
  log->info(std::string(limits::kLogFieldBytes + 1, 'm'));
  const auto line = test::lines_of(file()).at(0);
  EXPECT_TRUE(line.ends_with("m…"));
  EXPECT_LT(line.size(), limits::kLogFieldBytes + 200);
}

TEST_F(RotatingLogTest, TheFileIsForItsOwnerAndGroupWhateverTheUmask) {
  const mode_t previous = ::umask(0);
  const auto open_umask = open(spec());
  EXPECT_EQ(mode_of(file()), 0640U);
  LogSpec other = spec();
  other.file = file("other.log");
  ::umask(0777);
  const auto tight_umask = open(other);
  ::umask(previous);
  EXPECT_EQ(mode_of(file("other.log")), 0640U);
}

TEST_F(RotatingLogTest, AFullFileMovesToItsBackupsAndTheOldestGoes) {
  LogSpec small = spec();
  small.max_bytes = kSmallestLog;
  small.backup_count = 2;
  const auto log = open(small);
  const std::string filler(900, 'f');
  for (int i = 0; i < 40; ++i) log->info("line={} {}", i, filler);
  const auto newest = test::lines_of(file());
  const auto newer = test::lines_of(file("camera.1.log"));
  const auto oldest = test::lines_of(file("camera.2.log"));
  ASSERT_FALSE(newest.empty() || newer.empty() || oldest.empty());
  EXPECT_NE(newest.back().find("line=39 "), std::string::npos);
  EXPECT_LT(newer.back(), newest.front());
  EXPECT_LT(oldest.back(), newer.front());
  for (const auto* name : {"camera.log", "camera.1.log", "camera.2.log"}) {
    EXPECT_LE(fs::file_size(file(name)), kSmallestLog);
    EXPECT_EQ(mode_of(file(name)), 0640U);
  }
  EXPECT_FALSE(fs::exists(file("camera.3.log")));
}

TEST_F(RotatingLogTest, WithoutBackupsAFullFileStartsAnew) {
  LogSpec small = spec();
  small.max_bytes = kSmallestLog;
  small.backup_count = 0;
  const auto log = open(small);
  for (int i = 0; i < 10; ++i) log->info("line={} {}", i, std::string(900, 'f'));
  EXPECT_LE(fs::file_size(file()), kSmallestLog);
  EXPECT_EQ(std::distance(fs::directory_iterator{folder_}, fs::directory_iterator{}), 1);
}

TEST_F(RotatingLogTest, WhereABackupCannotBeMadeTheLimitStillHolds) {
  LogSpec small = spec();
  small.max_bytes = kSmallestLog;
  const auto log = open(small);
  fs::create_directories(file("camera.1.log") / "in the way");
  fs::create_directories(file("camera.2.log") / "in the way");
  for (int i = 0; i < 10; ++i) log->info("line={} {}", i, std::string(900, 'f'));
  EXPECT_LE(fs::file_size(file()), kSmallestLog);
  const auto lines = test::lines_of(file());
  ASSERT_FALSE(lines.empty());
  EXPECT_NE(lines.back().find("line=9 "), std::string::npos);
}

TEST_F(RotatingLogTest, AnOpenedFileIsContinuedNotOverwritten) {
  open(spec())->info("first");
  open(spec())->info("second");
  EXPECT_EQ(test::lines_of(file()).size(), 2U);
}

TEST_F(RotatingLogTest, ALinkInTheFilesPlaceIsRefused) {
  fs::create_symlink(file("target.log"), file());
  const auto log = open_log(spec(), redactor_);
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().code, ErrorCode::Io);
  EXPECT_FALSE(fs::exists(file("target.log")));
}

TEST_F(RotatingLogTest, WhatIsNoFileIsRefusedWithoutWaiting) {
  ASSERT_EQ(::mkfifo(file("pipe.log").c_str(), 0600), 0);
  LogSpec pipe = spec();
  pipe.file = file("pipe.log");
  EXPECT_FALSE(open_log(pipe, redactor_));
  pipe.file = "/dev/full";
  EXPECT_FALSE(open_log(pipe, redactor_));
  pipe.file = file("no such folder") / "camera.log";
  EXPECT_FALSE(open_log(pipe, redactor_));
}

TEST_F(RotatingLogTest, ImpossibleRotationIsRefused) {
  LogSpec bad = spec();
  bad.max_bytes = kSmallestLog - 1;
  EXPECT_FALSE(open_log(bad, redactor_));
  bad = spec();
  bad.backup_count = 101;
  EXPECT_FALSE(open_log(bad, redactor_));
  bad = spec();
  bad.level = "loud";
  EXPECT_FALSE(open_log(bad, redactor_));
}

TEST_F(RotatingLogTest, AFileTakenAwayIsMadeAnewAtTheNextLine) {
  const auto log = open(spec());
  log->info("first");
  fs::rename(file(), file("moved.log"));
  log->info("second");
  fs::remove(file());
  log->info("third");
  EXPECT_EQ(test::lines_of(file("moved.log")).size(), 1U);
  EXPECT_EQ(test::lines_of(file()).size(), 1U);
}

TEST_F(RotatingLogTest, AFileReplacedByALinkCostsLinesAndTheTargetIsNotTouched) {
  const auto log = open(spec());
  fs::remove(file());
  fs::create_symlink(file("target.log"), file());
  const auto lost = log_lines_lost_total();
  log->info("one");
  EXPECT_EQ(log_lines_lost_total(), lost + 1);
  EXPECT_FALSE(fs::exists(file("target.log")));
}

TEST_F(RotatingLogTest, AFullDiskCostsCountedLinesAndNothingElse) {
  const auto log = open(spec());
  const auto lost = log_lines_lost_total();
  log->info("before");
  {
    const FullDisk disk{fs::file_size(file()) + 20};
    log->info("torn");
    log->info("gone");
    EXPECT_EQ(log_lines_lost_total(), lost + 2);
  }
  log->info("after");
  EXPECT_EQ(log_lines_lost_total(), lost + 2);
  const auto lines = test::lines_of(file());
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_TRUE(lines[0].ends_with(" before"));
  EXPECT_EQ(lines[1].size(), 20U);  // what is left of the torn line ends before the next
  EXPECT_TRUE(lines[2].ends_with(" after"));
}

TEST_F(RotatingLogTest, AMessageThatCannotBeFormattedIsALostLine) {
  const auto log = open(spec());
  const auto lost = log_lines_lost_total();
  log->info(fmt::runtime("{} {}"), 1);
  EXPECT_EQ(log_lines_lost_total(), lost + 1);
}

TEST_F(RotatingLogTest, LinesOfManyThreadsStayWhole) {
  const auto log = open(spec());
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 250; ++i) log->info("thread={} line={} end", t, i);
      });
    }
  }
  const auto lines = test::lines_of(file());
  EXPECT_EQ(lines.size(), 1000U);
  for (const auto& line : lines) EXPECT_TRUE(line.ends_with(" end")) << line;
}

TEST_F(RotatingLogTest, TwoProcessesWithOneFileLoseNoLineWhileItRotates) {
  LogSpec small = spec();
  small.max_bytes = kSmallestLog;
  small.backup_count = 100;
  const auto lost = log_lines_lost_total();
  {
    // Two logs know no more of each other than two processes would.
    std::vector<std::jthread> writers;
    for (int w = 0; w < 2; ++w) {
      writers.emplace_back([this, small, w] {
        const auto log = open(small);
        for (int i = 0; i < 500; ++i) log->info("writer={} line={} end", w, i);
      });
    }
  }
  std::size_t lines = 0;
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator{folder_}) {
    ++files;
    for (const auto& line : test::lines_of(entry.path())) {
      EXPECT_TRUE(line.ends_with(" end")) << line;
      ++lines;
    }
  }
  EXPECT_EQ(lines, 1000U);
  EXPECT_GT(files, 2U);  // how many depends on how long one holds up the other
  EXPECT_EQ(log_lines_lost_total(), lost);
}

TEST_F(RotatingLogTest, ACopyGoesToStderrWhereAsked) {
  LogSpec loud = spec();
  loud.also_stderr = true;
  const auto log = open(loud);
  testing::internal::CaptureStderr();
  log->info("hello");
  EXPECT_TRUE(testing::internal::GetCapturedStderr().ends_with(" hello\n"));
}

TEST(LogValue, OneWordStaysAsItIsAndTheRestIsQuoted) {
  EXPECT_EQ(log_value("word"), "word");
  EXPECT_EQ(log_value(""), R"("")");
  EXPECT_EQ(log_value("two words"), R"("two words")");
  EXPECT_EQ(log_value(R"(a="b\c")"), R"("a=\"b\\c\"")");
}

}  // namespace
}  // namespace bulkhead
