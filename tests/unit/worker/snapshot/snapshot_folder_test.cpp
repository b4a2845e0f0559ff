#include "worker/snapshot/snapshot_folder.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "common/snapshot_limits.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::worker {
namespace {

namespace fs = std::filesystem;
using ipc::SnapshotKind;

constexpr std::uint64_t kFileBytes = limits::kSnapshotFloorBytes;
constexpr std::uint64_t kFrameBytes = 2 * kFileBytes;
constexpr std::int64_t kAgeNs = 1000;
constexpr std::uint64_t kNoBound = std::numeric_limits<std::uint64_t>::max();

class SnapshotFolderTest : public testing::Test {
 protected:
  static void keep(SnapshotFolder& folder, std::int64_t captured_ns) {
    const std::vector<std::byte> jpeg(kFileBytes);
    for (const SnapshotKind kind : {SnapshotKind::AsSent, SnapshotKind::WithBoxes}) {
      const auto written = folder.write(captured_ns, kind, jpeg);
      ASSERT_TRUE(written) << written.error().message;
    }
  }

  [[nodiscard]] std::set<std::string> files() const {
    std::set<std::string> names;
    if (!fs::exists(path_)) return names;
    for (const auto& entry : fs::directory_iterator{path_}) names.insert(entry.path().filename());
    return names;
  }

  test::TempDir dir_;
  const fs::path path_ = dir_.path() / ipc::kSnapshotFolder;
};

TEST_F(SnapshotFolderTest, TheFolderIsMadeWithTheFirstPictureWhichAppearsWhole) {
  SnapshotFolder folder{path_};
  folder.count(0);
  EXPECT_TRUE(files().empty());
  keep(folder, 42);
  EXPECT_EQ(files(), (std::set<std::string>{"42.jpg", "42.boxes.jpg"}));
  struct stat status {};
  ASSERT_EQ(::stat((path_ / "42.jpg").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U) << "its owner's alone";
  EXPECT_EQ(static_cast<std::uint64_t>(status.st_size), kFileBytes);
}

TEST_F(SnapshotFolderTest, AsManyBytesAsMayBeStayAndOneMoreFrameTakesTheOldestAway) {
  SnapshotFolder folder{path_};
  const SnapshotBounds bounds{.max_age_ns = kAgeNs, .max_bytes = 2 * kFrameBytes};
  keep(folder, 2);
  keep(folder, 1);
  EXPECT_TRUE(folder.retain(bounds, 100));
  EXPECT_EQ(files().size(), 4U) << "at the limit";
  keep(folder, 3);
  EXPECT_TRUE(folder.retain(bounds, 100));
  EXPECT_EQ(files(), (std::set<std::string>{"2.jpg", "2.boxes.jpg", "3.jpg", "3.boxes.jpg"}));
  EXPECT_EQ(folder.bytes(), 2 * kFrameBytes);
}

TEST_F(SnapshotFolderTest, AsManyFramesAsMayBeStayAndOneMoreTakesTheOldestAway) {
  SnapshotFolder folder{path_};
  const SnapshotBounds bounds{.max_age_ns = kAgeNs, .max_bytes = kNoBound, .max_frames = 2};
  keep(folder, 1);
  keep(folder, 2);
  EXPECT_TRUE(folder.retain(bounds, 100));
  EXPECT_EQ(files().size(), 4U);
  keep(folder, 3);
  EXPECT_TRUE(folder.retain(bounds, 100));
  EXPECT_EQ(files(), (std::set<std::string>{"2.jpg", "2.boxes.jpg", "3.jpg", "3.boxes.jpg"}));
}

TEST_F(SnapshotFolderTest, ASmallFileCountsAsABlock) {
  SnapshotFolder folder{path_};
  ASSERT_TRUE(folder.write(1, SnapshotKind::AsSent, std::vector<std::byte>(1)));
  EXPECT_EQ(folder.bytes(), limits::kSnapshotFloorBytes);
}

TEST_F(SnapshotFolderTest, AFrameOfTheGreatestAgeStaysAndAnOlderOneGoes) {
  SnapshotFolder folder{path_};
  const SnapshotBounds bounds{.max_age_ns = kAgeNs, .max_bytes = kNoBound};
  keep(folder, 10);
  keep(folder, 11);
  EXPECT_TRUE(folder.retain(bounds, 10 + kAgeNs));
  EXPECT_EQ(files().size(), 4U);
  EXPECT_TRUE(folder.retain(bounds, 11 + kAgeNs));
  EXPECT_EQ(files(), (std::set<std::string>{"11.jpg", "11.boxes.jpg"}));
}

TEST_F(SnapshotFolderTest, OneStepTakesAwaySoManyAndSaysThatThereAreMore) {
  SnapshotFolder folder{path_};
  const auto most = static_cast<std::int64_t>(limits::kSnapshotStepFrames);
  for (std::int64_t i = 0; i <= most; ++i) keep(folder, i);
  const SnapshotBounds none{.max_age_ns = kAgeNs, .max_bytes = 0};
  EXPECT_FALSE(folder.retain(none, 100));
  EXPECT_EQ(files().size(), 2U);
  EXPECT_TRUE(folder.retain(none, 100));
  EXPECT_TRUE(files().empty());
}

TEST_F(SnapshotFolderTest, ExactlyOneStepIsAllThereIs) {
  SnapshotFolder folder{path_};
  const auto most = static_cast<std::int64_t>(limits::kSnapshotStepFrames);
  for (std::int64_t i = 0; i < most; ++i) keep(folder, i);
  EXPECT_TRUE(folder.retain({.max_age_ns = kAgeNs, .max_bytes = 0}, 100));
  EXPECT_TRUE(files().empty());
}

TEST_F(SnapshotFolderTest, TwoWorkersOfASessionDoNotDisturbEachOther) {
  SnapshotFolder old_one{path_};
  SnapshotFolder new_one{path_};
  keep(old_one, 1);
  keep(new_one, 2);
  new_one.count(100);
  EXPECT_EQ(new_one.bytes(), 2 * kFrameBytes) << "what the other has written counts";
  const SnapshotBounds one_frame{.max_age_ns = kAgeNs, .max_bytes = kFrameBytes};
  EXPECT_TRUE(new_one.retain(one_frame, 100));
  EXPECT_TRUE(old_one.retain({.max_age_ns = kAgeNs, .max_bytes = 0}, 100)) << "it is gone already";
  EXPECT_EQ(files(), (std::set<std::string>{"2.jpg", "2.boxes.jpg"}));
}

TEST_F(SnapshotFolderTest, WhatADeadWorkerLeftHalfWrittenGoesAndWhatIsBeingWrittenStays) {
  constexpr std::int64_t kTornNs = std::chrono::nanoseconds{limits::kSnapshotTorn}.count();
  for (const char* name : {"1.jpg.part", "1.boxes.jpg.part", "2.jpg.part"}) {
    dir_.write(fs::path{ipc::kSnapshotFolder} / name, "x");
  }
  SnapshotFolder folder{path_};
  folder.count(2 + kTornNs);
  EXPECT_EQ(files(), (std::set<std::string>{"2.jpg.part"}));
  EXPECT_EQ(folder.bytes(), 0U);
}

TEST_F(SnapshotFolderTest, FilesOfOthersStayAndDoNotCount) {
  for (const char* name : {"notes.txt", "01.jpg", "-1.jpg", "1.png", "jpg", "1.jpg.old", "1"}) {
    dir_.write(fs::path{ipc::kSnapshotFolder} / name, "x");
  }
  SnapshotFolder folder{path_};
  folder.count(100);
  EXPECT_EQ(folder.bytes(), 0U);
  EXPECT_TRUE(folder.retain({.max_age_ns = 0, .max_bytes = 0}, 100));
  EXPECT_EQ(files().size(), 7U);
}

TEST_F(SnapshotFolderTest, ADiskThatDoesNotTakeItIsAnErrorThatNamesTheFileAndLeavesNothing) {
  dir_.write(ipc::kSnapshotFolder, "a file in place of the folder");
  SnapshotFolder folder{path_};
  const auto written = folder.write(1, SnapshotKind::AsSent, std::vector<std::byte>(1));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::Io);
  EXPECT_NE(written.error().message.find("snapshots/1.jpg"), std::string::npos);
  EXPECT_EQ(folder.bytes(), 0U);
  fs::remove(path_);
  EXPECT_TRUE(folder.write(1, SnapshotKind::AsSent, std::vector<std::byte>(1)));
}

}  // namespace
}  // namespace bulkhead::worker
