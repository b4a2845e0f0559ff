#include "worker/snapshot/snapshot_writer.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "common/snapshot_limits.hpp"
#include "common/text_file.hpp"
#include "common/unique_fd.hpp"
#include "tests/support/jpeg_size.hpp"
#include "tests/support/pictures.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::worker {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPipeBytes = 64 * 1024;

/// A frame of noise, whose JPEG is large.
Frame noise(std::uint32_t width, std::uint32_t height) {
  Frame frame = test::plain_i420(1, width, height, 0);
  std::mt19937 random{42};  // NOLINT(cert-msc51-cpp): the same picture each time
  auto pixels = std::make_shared<std::vector<std::uint8_t>>(
      std::size_t{width} * height + 2 * (std::size_t{(width + 1) / 2} * ((height + 1) / 2)));
  for (std::uint8_t& pixel : *pixels) pixel = static_cast<std::uint8_t>(random());
  frame.planes[0] = {pixels->data(), width};
  frame.planes[1] = {pixels->data() + std::size_t{width} * height, (width + 1) / 2};
  frame.planes[2] = {frame.planes[1].pixels + std::size_t{(width + 1) / 2} * ((height + 1) / 2),
                     (width + 1) / 2};
  frame.owner = std::move(pixels);
  return frame;
}

class SnapshotWriterTest : public testing::Test {
 protected:
  SnapshotWriterTest() {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): as a worker has it
    std::signal(SIGPIPE, SIG_IGN);
  }

  void offer(SnapshotWriter& writer, std::int64_t captured_ns, Frame frame) {
    frame.capture_wall_ns = captured_ns;
    writer.offer({.frame = std::move(frame),
                  .boxes = {{.box = {10, 10, 20, 20}, .text = "person #1 0.90"}}});
  }
  void offer(SnapshotWriter& writer, std::int64_t captured_ns) {
    offer(writer, captured_ns, test::plain_i420(1, 321, 241, 128));
  }

  [[nodiscard]] std::unique_ptr<SnapshotWriter> start() const {
    return std::make_unique<SnapshotWriter>(
        path_, SnapshotBounds{.max_age_ns = kAgeNs, .max_bytes = 1 << 30}, log_);
  }

  [[nodiscard]] std::string part_of(std::int64_t captured_ns) const {
    return (path_ / ipc::snapshot_file_name(captured_ns, ipc::SnapshotKind::AsSent)).string() +
           std::string{ipc::kTornSuffix};
  }

  [[nodiscard]] bool has(std::int64_t captured_ns) const {
    return fs::exists(path_ / ipc::snapshot_file_name(captured_ns, ipc::SnapshotKind::AsSent)) &&
           fs::exists(path_ / ipc::snapshot_file_name(captured_ns, ipc::SnapshotKind::WithBoxes));
  }

  static constexpr std::int64_t kAgeNs = INT64_MAX / 2;
  test::TempDir dir_;
  const fs::path path_ = dir_.path() / ipc::kSnapshotFolder;
  std::ostringstream told_;
  std::shared_ptr<spdlog::logger> log_ = std::make_shared<spdlog::logger>(
      "snapshots", std::make_shared<spdlog::sinks::ostream_sink_mt>(told_));
};

TEST_F(SnapshotWriterTest, BothPicturesOfAFrameAreJpegsOfItsSize) {
  const auto writer = start();
  offer(*writer, 42);
  writer->stop();
  std::vector<std::string> pictures;
  for (const char* name : {"42.jpg", "42.boxes.jpg"}) {
    const auto jpeg = read_text_file(path_ / name, limits::kSnapshotBytes);
    ASSERT_TRUE(jpeg) << jpeg.error().message;
    EXPECT_EQ(test::jpeg_size(*jpeg), (std::pair{321, 241})) << name;
    pictures.push_back(*jpeg);
  }
  EXPECT_NE(pictures[0], pictures[1]) << "boxes are drawn into one alone";
  EXPECT_EQ(writer->counters().written_total, 1U);
}

// The disk is a pipe that nobody reads: it has taken the first frame and takes no more of it.
TEST_F(SnapshotWriterTest, WhileTheDiskHoldsItUpSoManyWaitAndThenTheOldestIsDroppedAndCounted) {
  const std::int64_t now = wall_ns();
  ASSERT_TRUE(fs::create_directory(path_));
  const std::string pipe = part_of(now);
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const auto writer = start();
  offer(*writer, now, noise(640, 480));
  UniqueFd reader{::open(pipe.c_str(), O_RDONLY | O_CLOEXEC)};  // waits for the writer
  ASSERT_TRUE(reader);
  const auto most = static_cast<std::int64_t>(limits::kSnapshotsWaiting);
  for (std::int64_t i = 1; i <= most; ++i) offer(*writer, now + i);
  EXPECT_EQ(writer->counters().dropped_total, 0U) << "at the limit";
  offer(*writer, now + most + 1);
  EXPECT_EQ(writer->counters().dropped_total, 1U) << "past it";
  std::vector<char> bytes(kPipeBytes);
  while (::read(reader.get(), bytes.data(), bytes.size()) > 0) {
  }
  writer->stop();
  EXPECT_FALSE(has(now + 1)) << "the oldest that waited";
  for (std::int64_t i = 2; i <= most + 1; ++i) EXPECT_TRUE(has(now + i)) << i;
  EXPECT_EQ(writer->counters().written_total, 1U + static_cast<std::uint64_t>(most));
}

TEST_F(SnapshotWriterTest, ADiskThatFailsIsSaidOnceAndTriedAgain) {
  dir_.write(ipc::kSnapshotFolder, "a file in place of the folder");
  {
    const auto writer = start();
    offer(*writer, 1);
    offer(*writer, 2);
    writer->stop();
    EXPECT_EQ(writer->counters().failed_total, 2U);
  }
  EXPECT_EQ(told_.str().find("not kept"), told_.str().rfind("not kept")) << told_.str();
  EXPECT_NE(told_.str().find("snapshots/1.jpg"), std::string::npos) << told_.str();
}

TEST_F(SnapshotWriterTest, ThatTheDiskWorksAgainIsSaid) {
  ASSERT_TRUE(fs::create_directory(path_));
  const std::int64_t now = wall_ns();
  ASSERT_TRUE(fs::create_directory(part_of(now))) << "a folder in place of the file";
  const auto writer = start();
  offer(*writer, now);
  offer(*writer, now + 1);
  writer->stop();
  EXPECT_EQ(writer->counters().failed_total, 1U);
  EXPECT_EQ(writer->counters().written_total, 1U);
  EXPECT_LT(told_.str().find("not kept"), told_.str().find("kept again")) << told_.str();
}

TEST_F(SnapshotWriterTest, APictureThatWouldBeTooLargeIsKeptWithLessQuality) {
  const auto writer = start();
  offer(*writer, 1, noise(1600, 1600));
  writer->stop();
  ASSERT_EQ(writer->counters().written_total, 1U) << told_.str();
  const auto jpeg = read_text_file(path_ / "1.jpg", limits::kSnapshotBytes);
  ASSERT_TRUE(jpeg) << jpeg.error().message;
  EXPECT_EQ(test::jpeg_size(*jpeg), (std::pair{1600, 1600}));
}

TEST_F(SnapshotWriterTest, WhatIsTooOldGoesAlsoWhereNothingComes) {
  dir_.write(fs::path{ipc::kSnapshotFolder} / "1.jpg", "old");
  SnapshotWriter writer{path_, {.max_age_ns = 1, .max_bytes = 1 << 30}, log_};
  offer(writer, wall_ns() + kAgeNs / 1000);
  writer.stop();
  EXPECT_FALSE(fs::exists(path_ / "1.jpg"));
}

}  // namespace
}  // namespace bulkhead::worker
