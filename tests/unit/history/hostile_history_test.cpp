// A history that a worker under somebody else's command has written: whatever is in it, the reader
// answers in time, with an error or with results that are results, and never with another's.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "common/sink_limits.hpp"
#include "supervisor/history/history_page.hpp"
#include "supervisor/history/history_reader.hpp"
#include "tests/support/die_with_test.hpp"
#include "tests/support/history_files.hpp"

namespace bulkhead::supervisor {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::detection;
using test::SeenThing;
using test::session_id;

#ifdef BULKHEAD_SANITIZED
constexpr int kRounds = 30;  // a round takes half a second, most of it in SQLite
#else
constexpr int kRounds = 100;
#endif

class HostileHistoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::vector<worker::SinkRecord> records;
    for (Sequence i = 1; i <= 200; ++i) {
      records.push_back(detection("cam", i, now_ + static_cast<std::int64_t>(i),
                                  {SeenThing{.track = static_cast<std::uint32_t>(i)}}));
    }
    files_.write("cam", records);
    file_ = files_.file("cam");
  }

  [[nodiscard]] std::string bytes() const {
    std::ifstream stream{file_, std::ios::binary};
    return {std::istreambuf_iterator<char>{stream}, {}};
  }
  void set_bytes(const std::string& bytes) const {
    std::ofstream{file_, std::ios::binary | std::ios::trunc} << bytes;
  }

  HistoryPage page(const HistoryFilter& filter = {}, std::int64_t until_ns = test::far_ns()) const {
    return read_history_page(files_.path(),
                             {.sessions = {session_id("cam")}, .filter = filter, .limit = 1000},
                             until_ns);
  }

  /// An error, or results that are ones.
  void expect_harmless(const std::string& what) const {
    for (const HistoryFilter& filter :
         {HistoryFilter{}, HistoryFilter{.labels = {"car", "dog"}}, HistoryFilter{.track = 7}}) {
      const HistoryPage read = page(filter);
      for (const HistoryResult& result : read.results) {
        const json message = json::parse(result.json, nullptr, false);
        ASSERT_FALSE(message.is_discarded()) << what;
        EXPECT_EQ(message.value("session", ""), "cam") << what;
      }
    }
  }

  ErrorCode code(std::int64_t until_ns = test::far_ns()) const {
    const HistoryPage read = page({}, until_ns);
    return read.unread.empty() ? ErrorCode::None : read.unread.front().error.code;
  }

  test::HistoryFiles files_;
  fs::path file_;
  const std::int64_t now_ = wall_ns() - 3600 * kNsPerSecond;
};

TEST_F(HostileHistoryTest, GarbageIsCorrupt) {
  std::mt19937 random{7};
  for (const std::size_t size : {1U, 99U, 4096U, 100'000U}) {
    std::string garbage(size, '\0');
    for (char& byte : garbage) byte = static_cast<char>(random());
    set_bytes(garbage);
    EXPECT_EQ(code(), ErrorCode::Corrupt) << size;
    set_bytes(std::string("SQLite format 3\0", 16) + garbage);
    EXPECT_EQ(code(), ErrorCode::Corrupt) << size;
  }
  set_bytes("");
  EXPECT_EQ(code(), ErrorCode::Corrupt);
}

TEST_F(HostileHistoryTest, AFileThatWasCutAnywhereIsAnErrorOrABeginning) {
  const std::string whole = bytes();
  for (std::size_t size = 0; size < whole.size(); size += whole.size() / 97) {
    set_bytes(whole.substr(0, size));
    expect_harmless("cut at " + std::to_string(size));
  }
}

TEST_F(HostileHistoryTest, BytesThatWereChangedAnywhereAreAnErrorOrOtherResults) {
  const std::string whole = bytes();
  std::mt19937 random{11};
  for (int round = 0; round < kRounds; ++round) {
    std::string changed = whole;
    for (int i = 0; i < 20; ++i) changed[random() % changed.size()] = static_cast<char>(random());
    set_bytes(changed);
    expect_harmless("round " + std::to_string(round));
  }
}

TEST_F(HostileHistoryTest, StructuresThatWereChangedAreAnErrorOrOtherResults) {
  const std::string whole = bytes();
  std::mt19937 random{13};
  for (int round = 0; round < kRounds; ++round) {
    std::string changed = whole;
    // The heads of pages: their kinds, counts and where their cells are.
    for (int i = 0; i < 4; ++i) {
      const std::size_t page_at = (1 + random() % (changed.size() / 4096 - 1)) * 4096;
      changed[page_at + random() % 32] = static_cast<char>(random());
    }
    set_bytes(changed);
    expect_harmless("round " + std::to_string(round));
  }
}

TEST_F(HostileHistoryTest, ASchemaThatIsNotExactlyOursIsRefused) {
  const std::string whole = bytes();
  for (const char* sql :
       {"CREATE TRIGGER t AFTER INSERT ON result BEGIN DELETE FROM result; END",
        "CREATE VIEW v AS SELECT load_extension('/tmp/x')", "CREATE TABLE more(x)",
        "CREATE INDEX i ON result(kind)",
        "ALTER TABLE result RENAME TO hidden; CREATE VIEW result AS WITH RECURSIVE n(time_ns) AS"
        " (VALUES(1) UNION ALL SELECT time_ns+1 FROM n) SELECT time_ns, 1 AS kind, '{}' AS json"
        " FROM n",
        "DROP TABLE posting", "PRAGMA user_version=2", "PRAGMA application_id=1",
        "UPDATE sqlite_schema SET sql=replace(sql, 'key INTEGER NOT NULL', 'key INTEGER CHECK(1)')",
        "DELETE FROM session", "UPDATE session SET id='no name'"}) {
    set_bytes(whole);
    files_.tamper("cam", sql);
    EXPECT_EQ(code(), ErrorCode::Corrupt) << sql;
  }
  set_bytes(whole);
  files_.tamper("cam", "PRAGMA user_version=4");
  EXPECT_EQ(code(), ErrorCode::VersionMismatch);
}

TEST_F(HostileHistoryTest, AFileOfTwoGigabytesCostsNoMore) {
  fs::resize_file(file_, std::uintmax_t{2} << 30);
  EXPECT_EQ(page().results.size(), 200U);
  set_bytes("");
  fs::resize_file(file_, std::uintmax_t{2} << 30);
  EXPECT_EQ(code(), ErrorCode::Corrupt);
}

TEST_F(HostileHistoryTest, AResultOfTenMegabytesIsSkippedAndTheOthersAreGiven) {
  files_.tamper("cam",
                "UPDATE result SET json='{\"session\":\"cam\",\"objects\":[{\"label\":\"' ||"
                " hex(zeroblob(5000000)) || '\"}]}' WHERE sequence=100");
  const HistoryPage read = page();
  EXPECT_EQ(read.results.size(), 199U);
  EXPECT_EQ(read.skipped, 1U);
}

TEST_F(HostileHistoryTest, RowsThatNoHonestWorkerWritesAreSkipped) {
  const std::string deep = std::string(10'000, '[') + std::string(10'000, ']');
  files_.tamper(
      "cam",
      "UPDATE result SET json='{' WHERE sequence=1;"
      "UPDATE result SET json=x'7b7d' WHERE sequence=2;"
      "UPDATE result SET json='[]' WHERE sequence=3;"
      "UPDATE result SET json='{\"session\":\"other\",\"objects\":[{}]}' WHERE sequence=4;"
      "UPDATE result SET kind=9 WHERE sequence=5;"
      "UPDATE result SET kind='x' WHERE sequence=6;"
      "UPDATE result SET json='" +
          deep + "' WHERE sequence=7");
  const HistoryPage read = page();
  EXPECT_EQ(read.results.size(), 193U);
  EXPECT_EQ(read.skipped, 7U);
}

TEST_F(HostileHistoryTest, AReadEndsAtItsDeadline) {
  const auto passed = HistoryReader::open(file_, monotonic_ns() - 1);
  ASSERT_FALSE(passed);
  EXPECT_EQ(passed.error().code, ErrorCode::Timeout);
  auto reader = HistoryReader::open(file_, test::far_ns());
  ASSERT_TRUE(reader);
  const auto scan = reader->scan({}, {.until_ns = monotonic_ns() - 1});
  ASSERT_FALSE(scan);
  EXPECT_EQ(scan.error().code, ErrorCode::Timeout);
}

TEST_F(HostileHistoryTest, WhatIsNoRegularFileIsNotOpened) {
  fs::remove(file_);
  EXPECT_EQ(code(), ErrorCode::NotFound);
  ASSERT_EQ(::mkfifo(file_.c_str(), 0600), 0);
  EXPECT_EQ(code(), ErrorCode::Io);
  fs::remove(file_);
  files_.write("other", {detection("other", 1, now_, {{}})});
  fs::create_symlink(files_.file("other"), file_);
  EXPECT_EQ(code(), ErrorCode::Io);
  fs::remove(file_);
  fs::create_directory(file_);
  EXPECT_EQ(code(), ErrorCode::Io);
}

TEST_F(HostileHistoryTest, LinksAndPipesBesideItAreNotFollowed) {
  ASSERT_EQ(::mkfifo((file_.string() + "-wal").c_str(), 0600), 0);
  EXPECT_NE(code(), ErrorCode::None);
  fs::remove(file_.string() + "-wal");
  fs::create_symlink("/etc/hostname", file_.string() + "-shm");
  EXPECT_EQ(code(), ErrorCode::Io);
}

TEST_F(HostileHistoryTest, AFileThatIsCutShortWhileItIsReadIsNoSigbus) {
  auto reader = HistoryReader::open(file_, test::far_ns());
  ASSERT_TRUE(reader);
  fs::resize_file(file_, 5000);
  const auto scan = reader->scan({.limit = 1000}, {.results = 1000, .until_ns = test::far_ns()});
  const ErrorCode told = scan ? ErrorCode::Corrupt : scan.error().code;
  EXPECT_EQ(told, ErrorCode::Corrupt);
}

TEST_F(HostileHistoryTest, ALogOfGarbageBesideItHidesNothing) {
  std::ofstream{file_.string() + "-wal"} << std::string(100'000, '\x37');
  EXPECT_EQ(page().results.size(), 200U);
  fs::resize_file(file_.string() + "-wal", limits::kHistoryWalBytes + 1);
  EXPECT_EQ(code(), ErrorCode::Io);
}

TEST_F(HostileHistoryTest, NothingBesideTheFileIsMadeOrChangedByReading) {
  const std::string before = bytes();
  EXPECT_EQ(page().results.size(), 200U);
  EXPECT_EQ(bytes(), before);
  EXPECT_EQ(std::distance(fs::directory_iterator{file_.parent_path()}, fs::directory_iterator{}),
            1);
}

/// A lock that an honest worker holds for a moment, and another for ever.
TEST_F(HostileHistoryTest, ALockThatIsNeverLetGoOfIsNotWaitedForForEver) {
  std::ofstream{file_.string() + "-shm"} << std::string(32768, '\0');
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    test::die_with_test();
    const int fd = ::open((file_.string() + "-shm").c_str(), O_RDWR);
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    ::fcntl(fd, F_SETLK, &lock);
    (void)!::write(ready[1], "x", 1);
    for (;;) ::pause();
  }
  char held = 0;
  ASSERT_EQ(::read(ready[0], &held, 1), 1);
  EXPECT_EQ(code(monotonic_ns() + 200 * kNsPerMs), ErrorCode::Unavailable);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
  EXPECT_EQ(code(), ErrorCode::None);
}

}  // namespace
}  // namespace bulkhead::supervisor
