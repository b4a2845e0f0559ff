// Pictures of events, in a folder that a worker owns which may be under somebody else's command.

#include "supervisor/history/snapshot_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "common/snapshot_limits.hpp"
#include "common/unique_fd.hpp"
#include "ipc/history_file.hpp"
#include "supervisor/history/history_folder.hpp"
#include "supervisor/history/history_page.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::supervisor {
namespace {

namespace fs = std::filesystem;
using ipc::SnapshotKind;

const std::string kJpeg = std::string{"\xff\xd8\xff\xe0"} + "the rest";

class SnapshotFileTest : public ::testing::Test {
 protected:
  SnapshotFileTest() { fs::create_directories(folder_); }

  void write(const std::string& name, const std::string& bytes) const {
    dir_.write(folder_ / name, bytes);
  }

  [[nodiscard]] Result<std::string> read(SnapshotKind kind = SnapshotKind::AsSent) const {
    return read_snapshot(dir_.path(), {.session = id_, .capture_wall_ns = 42, .kind = kind});
  }

  void expect(ErrorCode code, const char* what) const {
    const auto read_now = read();
    ASSERT_FALSE(read_now) << what;
    EXPECT_EQ(read_now.error().code, code) << what;
    EXPECT_NE(read_now.error().message.find("42.jpg"), std::string::npos) << what;
    EXPECT_EQ(read_now.error().message.find(dir_.path().string()), std::string::npos)
        << "where it lies is nobody's business";
  }

  const SubscriptionId id_ = *SubscriptionId::parse("display;cam");
  test::TempDir dir_;
  const fs::path session_ = ipc::history_folder(dir_.path(), id_);
  const fs::path folder_ = session_ / ipc::kSnapshotFolder;
};

TEST_F(SnapshotFileTest, EachOfTheTwoPicturesIsReadAsItIs) {
  write("42.jpg", kJpeg);
  write("42.boxes.jpg", kJpeg + " with boxes");
  EXPECT_EQ(read().value(), kJpeg);
  EXPECT_EQ(read(SnapshotKind::WithBoxes).value(), kJpeg + " with boxes");
}

TEST_F(SnapshotFileTest, WhatIsNotThereIsNotFound) {
  expect(ErrorCode::NotFound, "no file");
  fs::remove(folder_);
  expect(ErrorCode::NotFound, "no folder of pictures");
  fs::remove(session_);
  expect(ErrorCode::NotFound, "no folder of the session");
}

TEST_F(SnapshotFileTest, AFileOfTheLargestSizeIsReadAndAByteMoreIsNot) {
  std::string bytes = kJpeg;
  bytes.resize(limits::kSnapshotBytes, 'x');
  write("42.jpg", bytes);
  EXPECT_EQ(read().value().size(), limits::kSnapshotBytes);
  write("42.jpg", bytes + "x");
  expect(ErrorCode::Corrupt, "one byte too many");
  ASSERT_EQ(::truncate((folder_ / "42.jpg").c_str(), off_t{1} << 40), 0);
  expect(ErrorCode::Corrupt, "a huge file with nothing in it");
}

TEST_F(SnapshotFileTest, WhatDoesNotBeginAsAJpegDoesIsNoPicture) {
  for (const std::string& bytes :
       {std::string{}, std::string{"\xff\xd8"}, std::string{"<html><script>"},
        std::string{"\x89PNG\r\n"}, std::string(100, '\0')}) {
    write("42.jpg", bytes);
    expect(ErrorCode::Corrupt, bytes.c_str());
  }
}

TEST_F(SnapshotFileTest, NoLinkIsFollowedWhereverItIs) {
  const fs::path secret = dir_.write("secret", kJpeg);
  fs::create_symlink(secret, folder_ / "42.jpg");
  expect(ErrorCode::Corrupt, "the file");
  fs::create_directories(dir_.path() / "elsewhere");
  dir_.write("elsewhere/42.jpg", kJpeg);
  fs::remove_all(folder_);
  fs::create_directory_symlink(dir_.path() / "elsewhere", folder_);
  expect(ErrorCode::Corrupt, "the folder of pictures");
  fs::remove_all(session_);
  fs::create_directories(dir_.path() / "other" / ipc::kSnapshotFolder);
  dir_.write(fs::path{"other"} / ipc::kSnapshotFolder / "42.jpg", kJpeg);
  fs::create_directory_symlink(dir_.path() / "other", session_);
  expect(ErrorCode::Corrupt, "the folder of the session");
}

// None of these may hold up the thread that reads for everybody.
TEST_F(SnapshotFileTest, NothingButARegularFileIsReadAndNothingIsWaitedFor) {
  const std::string file = (folder_ / "42.jpg").string();
  ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
  expect(ErrorCode::Corrupt, "a pipe that nobody writes to");
  fs::remove(file);
  fs::create_directory(file);
  expect(ErrorCode::Corrupt, "a folder");
  fs::remove(file);
  const UniqueFd listener{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(file.size(), sizeof address.sun_path);
  std::memcpy(address.sun_path, file.c_str(), file.size());
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  expect(ErrorCode::Corrupt, "a socket");
}

TEST_F(SnapshotFileTest, NamesThatAreNoneNeverBecomeAPath) {
  EXPECT_EQ(ipc::parse_snapshot_name("0"), 0);
  EXPECT_EQ(ipc::parse_snapshot_name("9223372036854775807"), INT64_MAX);
  for (const char* name : {"", "../42", "42/../43", "42.jpg", " 42", "42 ", "+42", "-42", "042",
                           "0x2a", "42%00", "9223372036854775808", "99999999999999999999999999"}) {
    EXPECT_FALSE(ipc::parse_snapshot_name(name)) << name;
  }
  EXPECT_FALSE(ipc::parse_snapshot_name(std::string_view{"42\0", 3}));
}

TEST_F(SnapshotFileTest, ASweepTakesAwayOldFilesOfAnyNameAndNoNewOnesAndFollowsNoLink) {
  write("42.jpg", kJpeg);
  write("anything", "x");
  fs::create_symlink(dir_.write("outside", "x"), folder_ / "link");
  fs::create_directory(folder_ / "deep");
  EXPECT_EQ(sweep_snapshots(session_, wall_ns() - 3600 * kNsPerSecond), 0U);
  EXPECT_EQ(sweep_snapshots(session_, wall_ns() + 3600 * kNsPerSecond), 3U);
  EXPECT_TRUE(fs::exists(dir_.path() / "outside"));
  EXPECT_TRUE(fs::exists(folder_ / "deep"));
  fs::remove_all(folder_);
  fs::create_directories(dir_.path() / "elsewhere");
  dir_.write("elsewhere/42.jpg", kJpeg);
  fs::create_directory_symlink(dir_.path() / "elsewhere", folder_);
  EXPECT_EQ(sweep_snapshots(session_, wall_ns() + 3600 * kNsPerSecond), 0U);
}

TEST_F(SnapshotFileTest, ATimeThatItsOwnerSetsKeepsNothing) {
  write("42.jpg", kJpeg);
  const std::string file = (folder_ / "42.jpg").string();
  const timespec far_ahead[2]{{.tv_sec = 4'000'000'000, .tv_nsec = 0},
                              {.tv_sec = 4'000'000'000, .tv_nsec = 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), far_ahead, 0), 0);
  EXPECT_EQ(sweep_snapshots(session_, wall_ns() + 3600 * kNsPerSecond), 1U);
}

TEST_F(SnapshotFileTest, TheSweepOfHistoriesTakesPicturesAlongOfSessionsThatHaveNoHistoryAnyMore) {
  write("42.jpg", kJpeg);
  constexpr std::int64_t kHourNs = 3600 * kNsPerSecond;
  sweep_history(dir_.path(), kHourNs);
  EXPECT_TRUE(read());
  sweep_history(dir_.path(), -kHourNs);
  EXPECT_FALSE(read());
}

TEST_F(SnapshotFileTest, ThePictureComesInALaterTurnOfTheLoopAndNoMoreWaitThanQueriesMay) {
  write("42.jpg", kJpeg);
  boost::asio::io_context loop;
  HistoryFolder folder{loop, dir_.path(), nullptr, 4};
  std::vector<std::string> answers;
  const auto ask = [&](const std::string& reader) {
    folder.snapshot({.session = id_, .capture_wall_ns = 42, .reader = reader}, [&](auto jpeg) {
      answers.push_back(jpeg ? *jpeg : std::string{name_of(jpeg.error().code)});
    });
  };
  ask("a");
  ask("a");
  EXPECT_TRUE(answers.empty());
  loop.run();
  std::sort(answers.begin(), answers.end());
  EXPECT_EQ(answers, (std::vector<std::string>{"LIMIT_REACHED", kJpeg}));
  answers.clear();
  loop.restart();
  ask("a");
  loop.run();
  EXPECT_EQ(answers, std::vector<std::string>{kJpeg}) << "its place is free again";
}

}  // namespace
}  // namespace bulkhead::supervisor
