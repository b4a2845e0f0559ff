#include "worker/sink/event_picture.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "common/clock.hpp"
#include "common/sink_limits.hpp"
#include "common/snapshot_limits.hpp"
#include "tests/support/jpeg_size.hpp"
#include "tests/support/pictures.hpp"
#include "tests/support/temp_dir.hpp"
#include "worker/publish/jpeg.hpp"
#include "worker/snapshot/snapshot_folder.hpp"

namespace bulkhead::worker {
namespace {

using ipc::SnapshotKind;
using Size = std::pair<int, int>;

constexpr std::int64_t kLongAgoNs = 1'000'000'000;

std::string picture(std::uint32_t width, std::uint32_t height) {
  const auto jpeg = encode_jpeg(test::plain_i420(1, width, height, 90), 85).value();
  return {reinterpret_cast<const char*>(jpeg.data()), jpeg.size()};
}

class EventPicturesTest : public ::testing::Test {
 protected:
  void keep(std::int64_t captured_ns, SnapshotKind kind, const std::string& bytes) {
    ASSERT_TRUE(SnapshotFolder{dir_.path() / ipc::kSnapshotFolder}.write(
        captured_ns, kind, std::as_bytes(std::span{bytes})));
  }
  ErrorCode refusal(std::int64_t captured_ns) {
    const auto read = pictures_.read(captured_ns, SnapshotKind::AsSent, kLongAgoNs);
    EXPECT_FALSE(read);
    return read ? ErrorCode::None : read.error().code;
  }

  test::TempDir dir_;
  EventPictures pictures_{dir_.path()};
};

TEST_F(EventPicturesTest, APictureIsReadWithOrWithoutBoxes) {
  const std::string plain = picture(64, 48);
  const std::string boxed = picture(32, 32);
  keep(7, SnapshotKind::AsSent, plain);
  keep(7, SnapshotKind::WithBoxes, boxed);
  EXPECT_EQ(pictures_.read(7, SnapshotKind::AsSent, kLongAgoNs).value(), plain);
  EXPECT_EQ(pictures_.read(7, SnapshotKind::WithBoxes, kLongAgoNs).value(), boxed);
}

TEST_F(EventPicturesTest, OneOfAnOldFrameIsNotWaitedFor) {
  const std::int64_t begin_ns = monotonic_ns();
  EXPECT_EQ(refusal(7), ErrorCode::NotFound);
  EXPECT_LT(monotonic_ns() - begin_ns,
            std::chrono::nanoseconds{limits::kEventPictureWait}.count() / 2);
}

TEST_F(EventPicturesTest, OneThatIsStillBeingWrittenIsWaitedFor) {
  const std::string jpeg = picture(64, 48);
  std::thread writer{[&] { keep(7, SnapshotKind::AsSent, jpeg); }};
  const auto read = pictures_.read(7, SnapshotKind::AsSent, wall_ns());
  writer.join();
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, jpeg);
}

TEST_F(EventPicturesTest, OneThatNeverComesIsWaitedForUntilItsFrameIsTooOld) {
  constexpr std::chrono::nanoseconds kLeft = std::chrono::milliseconds{60};
  const std::int64_t begin_ns = monotonic_ns();
  const std::int64_t time_ns =
      wall_ns() - std::chrono::nanoseconds{limits::kEventPictureWait - kLeft}.count();
  EXPECT_EQ(pictures_.read(7, SnapshotKind::AsSent, time_ns).error().code, ErrorCode::NotFound);
  EXPECT_GE(monotonic_ns() - begin_ns, kLeft.count() - kNsPerMs);
}

TEST_F(EventPicturesTest, WhatIsNoJpegOrTooLargeIsTheRecordsFault) {
  keep(7, SnapshotKind::AsSent, "no picture");
  EXPECT_EQ(refusal(7), ErrorCode::InvalidParams);
  std::string large = picture(64, 48);
  large.resize(limits::kSnapshotBytes);
  keep(8, SnapshotKind::AsSent, large);
  EXPECT_TRUE(pictures_.read(8, SnapshotKind::AsSent, kLongAgoNs));
  keep(9, SnapshotKind::AsSent, large + "x");
  EXPECT_EQ(refusal(9), ErrorCode::InvalidParams);
}

Size cut_size(const Box& box) {
  const auto cut = cut_out(picture(200, 100), box);
  return cut ? test::jpeg_size(*cut) : Size{0, 0};
}

TEST(CutOutTest, ABoxBeginsAtItsBlockAndEndsAtItsPixelWithinThePicture) {
  EXPECT_EQ(cut_size({32, 16, 40, 24}), (Size{40, 24}));
  EXPECT_EQ(cut_size({40, 20, 40, 24}), (Size{48, 28})) << "from 32 and 16";
  EXPECT_EQ(cut_size({31.5F, 15.5F, 0.6F, 0.6F}), (Size{17, 17})) << "from 16 and 0";
  EXPECT_EQ(cut_size({-50, -50, 60, 60}), (Size{10, 10}));
  EXPECT_EQ(cut_size({190, 90, 500, 500}), (Size{24, 20})) << "from 176 and 80";
  EXPECT_EQ(cut_size({0, 0, 200, 100}), (Size{200, 100}));
}

TEST(CutOutTest, ABoxOutsideOfThePictureOrWithoutASizeIsRefused) {
  for (const Box& box : {Box{200, 0, 10, 10}, Box{0, 100, 10, 10}, Box{-20, 0, 10, 10},
                         Box{10, 10, 0, 10}, Box{10, 10, 10, -5}}) {
    const auto cut = cut_out(picture(200, 100), box);
    ASSERT_FALSE(cut) << box.x << ' ' << box.w;
    EXPECT_EQ(cut.error().code, ErrorCode::InvalidParams);
  }
}

TEST(CutOutTest, WhatIsNoJpegIsRefused) {
  const std::string whole = picture(200, 100);
  for (const std::string& broken :
       {std::string{}, std::string{"\xff\xd8\xff"}, whole.substr(0, 40)}) {
    const auto cut = cut_out(broken, {0, 0, 50, 50});
    ASSERT_FALSE(cut) << broken.size();
    EXPECT_EQ(cut.error().code, ErrorCode::InvalidParams);
  }
}

}  // namespace
}  // namespace bulkhead::worker
