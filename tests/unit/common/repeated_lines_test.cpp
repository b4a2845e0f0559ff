// What the log makes of a line that is said again and again.

#include <gtest/gtest.h>
#include <spdlog/logger.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "common/rotating_log.hpp"
#include "tests/support/hang_limit.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/text_lines.hpp"

namespace bulkhead {
namespace {

namespace fs = std::filesystem;

class RepeatedLinesTest : public ::testing::Test {
 protected:
  [[nodiscard]] fs::path file(const std::string& name = "camera.log") const {
    return folder_.path() / name;
  }

  [[nodiscard]] LogSpec spec() const {
    LogSpec spec;
    spec.file = file();
    return spec;
  }

  static std::shared_ptr<spdlog::logger> open(const LogSpec& spec) {
    return open_log(spec, nullptr).value();
  }

  test::TempDir folder_;
};

/// The lines without their time.
std::vector<std::string> said_in(const fs::path& path) {
  std::vector<std::string> said = test::lines_of(path);
  for (std::string& line : said) line.erase(0, line.find(' ') + 1);
  return said;
}

TEST_F(RepeatedLinesTest, ARepeatedLineIsWrittenOnceAndCountedBeforeTheNextOther) {
  const auto log = open(spec());
  for (int i = 0; i < 4; ++i) log->warn("no picture");
  log->info("no picture");
  log->info("no picture");
  log->info("a picture");
  const std::string thread = said_in(file())[0];
  const std::string head = thread.substr(0, thread.find("no picture"));
  const std::string info = "info" + head.substr(4);
  EXPECT_EQ(said_in(file()),
            (std::vector<std::string>{head + "no picture", head + "last line repeated 3 times",
                                      info + "no picture", info + "last line repeated 1 time",
                                      info + "a picture"}));
}

TEST_F(RepeatedLinesTest, TheCountOfAnEndlessRepetitionIsWrittenAgainAndAgain) {
  LogSpec impatient = spec();
  impatient.fold_time = std::chrono::milliseconds{0};
  const auto log = open(impatient);
  for (int i = 0; i < 3; ++i) log->info("no picture");
  const auto said = said_in(file());
  ASSERT_EQ(said.size(), 3U);
  EXPECT_TRUE(said[1].ends_with("last line repeated 1 time"));
  EXPECT_EQ(said[1], said[2]);
}

TEST_F(RepeatedLinesTest, ACountIsWrittenByAFlushOnceItIsDueAndAtTheEnd) {
  LogSpec quick = spec();
  quick.fold_time = std::chrono::milliseconds{20};
  {
    const auto log = open(quick);
    log->info("no picture");
    log->info("no picture");
    const auto deadline = std::chrono::steady_clock::now() + test::kHangLimit;
    while (test::lines_of(file()).size() < 2 && std::chrono::steady_clock::now() < deadline)
      log->flush();
    EXPECT_TRUE(test::lines_of(file()).back().ends_with("last line repeated 1 time"));
    log->info("no picture");
    EXPECT_EQ(test::lines_of(file()).size(), 2U);
  }
  EXPECT_EQ(test::lines_of(file()).size(), 3U);
  {
    const auto patient = open(spec());
    patient->info("still none");
    patient->info("still none");
    patient->flush();
    EXPECT_EQ(test::lines_of(file()).size(), 4U) << "not due";
  }
  EXPECT_TRUE(test::lines_of(file()).back().ends_with("last line repeated 1 time"));
}

TEST_F(RepeatedLinesTest, ARepetitionIsSaidInFullWhereTheFileDoesNotSayItYet) {
  const auto log = open(spec());
  log->info("no picture");
  log->info("no picture");
  fs::rename(file(), file("moved.log"));
  log->info("no picture");
  const auto said = said_in(file());
  ASSERT_EQ(said.size(), 2U);
  EXPECT_TRUE(said[0].ends_with("last line repeated 1 time"));
  EXPECT_TRUE(said[1].ends_with("no picture"));
  fs::remove(file());
  fs::create_directory(file());
  log->info("lost");
  fs::remove(file());
  log->info("lost");
  EXPECT_TRUE(said_in(file()).back().ends_with(" lost"));
}

}  // namespace
}  // namespace bulkhead
