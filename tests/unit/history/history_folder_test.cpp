// Histories read beside the loop, and those that no worker looks after any more.

#include "supervisor/history/history_folder.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "supervisor/history/history_page.hpp"
#include "tests/support/die_with_test.hpp"
#include "tests/support/history_files.hpp"

namespace bulkhead::supervisor {
namespace {

namespace fs = std::filesystem;
using test::detection;
using test::session_id;

constexpr std::int64_t kDayNs = 24 * 3600 * kNsPerSecond;

class HistoryFolderTest : public ::testing::Test {
 protected:
  void age(const std::string& session, int days) const {
    const std::int64_t then = (wall_ns() - days * kDayNs) / kNsPerSecond;
    const timespec times[2]{{.tv_sec = then, .tv_nsec = 0}, {.tv_sec = then, .tv_nsec = 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, files_.file(session).c_str(), times, 0), 0);
  }

  test::HistoryFiles files_;
  boost::asio::io_context loop_;
  const std::int64_t now_ = wall_ns();
};

TEST_F(HistoryFolderTest, AQueryIsAnsweredInALaterTurnOfTheLoop) {
  files_.write("cam", {detection("cam", 1, now_, {{}})});
  HistoryFolder folder{loop_, files_.path()};
  std::optional<Result<HistoryPage>> answer;
  folder.query({.sessions = {session_id("cam")}}, [&](auto page) { answer = std::move(page); });
  EXPECT_FALSE(answer);
  loop_.run();
  ASSERT_TRUE(answer && *answer);
  EXPECT_EQ((*answer)->results.size(), 1U);
}

TEST_F(HistoryFolderTest, NoMoreQueriesWaitThanMayAndOneReaderTakesAQuarterOfThem) {
  HistoryFolder folder{loop_, files_.path(), nullptr, 8};
  std::vector<std::string> answers;
  const auto ask = [&](const std::string& reader) {
    folder.query({.sessions = {session_id("cam")}, .reader = reader}, [&, reader](auto page) {
      answers.push_back(reader + (page ? "" : ":" + std::string{name_of(page.error().code)}));
    });
  };
  for (const char* reader : {"a", "a", "a", "b", "b", "c", "c", "d", "d", "e"}) ask(reader);
  loop_.run();
  std::sort(answers.begin(), answers.end());
  EXPECT_EQ(answers, (std::vector<std::string>{"a", "a", "a:LIMIT_REACHED", "b", "b", "c", "c", "d",
                                               "d", "e:LIMIT_REACHED"}));
  answers.clear();
  loop_.restart();
  ask("a");
  loop_.run();
  EXPECT_EQ(answers, (std::vector<std::string>{"a"})) << "their places are free again";
}

TEST_F(HistoryFolderTest, AFolderThatIsGoneBeforeItsAnswerTellsNobody) {
  auto folder = std::make_unique<HistoryFolder>(loop_, files_.path());
  folder->query({}, [](const auto&) { FAIL() << "nobody is there any more"; });
  folder.reset();
  loop_.run();
}

TEST_F(HistoryFolderTest, WhatNobodyHasWrittenForTooLongIsRemovedAndNothingElse) {
  for (const char* session : {"old", "new", "exact"}) {
    files_.write(session, {detection(session, 1, now_, {{}})});
  }
  age("old", 8);
  age("exact", 6);
  EXPECT_EQ(sweep_history(files_.path(), 7 * kDayNs), 1U);
  EXPECT_FALSE(fs::exists(files_.file("old")));
  EXPECT_TRUE(fs::exists(files_.file("new")));
  EXPECT_TRUE(fs::exists(files_.file("exact")));
}

TEST_F(HistoryFolderTest, ItIsTidiedAtOnceAndTheLoopEndsOnceThatIsStopped) {
  files_.write("old", {detection("old", 1, now_, {{}})});
  age("old", 8);
  HistoryFolder folder{loop_, files_.path()};
  folder.keep_for(std::chrono::hours{7 * 24});
  while (fs::exists(files_.file("old"))) loop_.run_one_for(test::kHangLimit);
  folder.stop_keeping();
  loop_.run();
}

TEST_F(HistoryFolderTest, WhatWasSetAsideIsRemovedInItsTimeToo) {
  files_.write("cam", {detection("cam", 1, now_, {{}})});
  age("cam", 8);
  fs::rename(files_.file("cam"), files_.folder("cam") / ipc::kHistoryAsideName);
  EXPECT_EQ(sweep_history(files_.path(), 7 * kDayNs), 0U);
  EXPECT_TRUE(fs::is_empty(files_.folder("cam")));
}

/// The worker of a camera that is away for a week.
TEST_F(HistoryFolderTest, AFileThatAWorkerHasOpenIsKeptHoweverOldItIs) {
  files_.write("cam", {detection("cam", 1, now_, {{}})});
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    test::die_with_test();
    worker::SqliteSink sink{{.session = session_id("cam"), .folder = files_.folder("cam")}};
    (void)!::write(ready[1], sink.open() ? "x" : "!", 1);
    for (;;) ::pause();
  }
  char open = 0;
  ASSERT_EQ(::read(ready[0], &open, 1), 1);
  ASSERT_EQ(open, 'x');
  age("cam", 8);
  for (const char* part : {"-wal"}) {
    const timespec times[2]{{.tv_sec = 1, .tv_nsec = 0}, {.tv_sec = 1, .tv_nsec = 0}};
    ::utimensat(AT_FDCWD, (files_.file("cam").string() + part).c_str(), times, 0);
  }
  EXPECT_EQ(sweep_history(files_.path(), 7 * kDayNs), 0U);
  EXPECT_TRUE(fs::exists(files_.file("cam")));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
  EXPECT_EQ(sweep_history(files_.path(), 7 * kDayNs), 1U);
}

TEST_F(HistoryFolderTest, AFolderThatIsNotThereIsNoTrouble) {
  EXPECT_EQ(sweep_history("/nonexistent/history", kDayNs), 0U);
  EXPECT_TRUE(read_history_page("/nonexistent/history", {}, test::far_ns()).results.empty());
}

}  // namespace
}  // namespace bulkhead::supervisor
