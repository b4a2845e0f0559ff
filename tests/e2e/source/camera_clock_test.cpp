#include "worker/source/camera_clock.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "tests/support/attempt.hpp"
#include "tests/support/demo_camera.hpp"
#include "tests/support/made_clip.hpp"
#include "tests/support/temp_dir.hpp"
#include "worker/source/rtsp_source.hpp"

namespace bulkhead::worker {
namespace {

using test::Attempt;

constexpr std::int64_t kFrameNs = 100 * kNsPerMs;  // of the clip

class CameraClockTest : public ::testing::Test {
 protected:
  void SetUp() override { test::start_gstreamer(); }

  Result<std::unique_ptr<FrameSource>> source(const std::string& url) {
    return RtspSource::create(RtspUrl::parse(url).value(), Transport::Tcp, {});
  }

  std::string clip() {
    const auto file = folder_.path() / "clip.mp4";
    test::make_clip(file, {.fps = 10});
    return file.string();
  }

  test::TempDir folder_;
};

/// The camera's times of the first `count` frames that have one.
std::vector<std::int64_t> camera_times(Attempt& attempt, std::size_t count) {
  std::vector<std::int64_t> times;
  while (times.size() < count) {
    const auto frame = attempt.next_frame();
    if (!frame) break;
    if (frame->camera_ns != 0) times.push_back(frame->camera_ns);
  }
  return times;
}

TEST_F(CameraClockTest, APictureHasOneTimeHoweverManyConnectionsSeeIt) {
  const test::DemoCamera camera{{"--mount", "/a=" + clip()}};
  Attempt first{source(camera.url("/a"))};
  const auto before = camera_times(first, 3);
  ASSERT_EQ(before.size(), 3U);
  Attempt second{source(camera.url("/a"))};
  const auto after = camera_times(second, 3);
  ASSERT_EQ(after.size(), 3U);
  for (const std::int64_t time : after) {
    const std::int64_t off = (time - before.front()) % kFrameNs;
    EXPECT_LT(std::min(std::abs(off), kFrameNs - std::abs(off)), kFrameNs / 10)
        << "a picture of the second connection lies between those of the first";
  }
  // And it is the time of day, for this camera has ours.
  constexpr std::int64_t kUnixEpochNs = 2'208'988'800 * kNsPerSecond;
  EXPECT_NEAR(to_seconds(wall_ns() - (after.back() - kUnixEpochNs)), 0, 2);
}

TEST_F(CameraClockTest, FramesOfAClipHaveNoCamerasTime) {
  const auto clock = std::make_shared<CameraClock>();
  EXPECT_EQ(clock->time_of(5), 0);
  clock->packet(90'000, 90'000, 5);
  EXPECT_EQ(clock->time_of(5), 0) << "a packet says nothing before the first report";
}

TEST_F(CameraClockTest, StampsThatWrapAroundGoOn) {
  const auto clock = std::make_shared<CameraClock>();
  clock->report(std::uint64_t{1000} << 32, 0xFFFF'FFFF);
  clock->packet(89'999, 90'000, 7 * kNsPerSecond);
  EXPECT_EQ(clock->time_of(7 * kNsPerSecond), 1001 * kNsPerSecond);
  clock->packet(0xFFFF'FFFF - 90'000, 90'000, 7 * kNsPerSecond);
  EXPECT_EQ(clock->time_of(7 * kNsPerSecond), 999 * kNsPerSecond) << "a packet from before it";
}

TEST_F(CameraClockTest, ACameraWithoutAClockTellsNoTime) {
  const auto clock = std::make_shared<CameraClock>();
  clock->report(0, 90'000);
  clock->packet(90'000, 90'000, 5);
  EXPECT_EQ(clock->time_of(5), 0);
  clock->report(std::uint64_t{1000} << 32, 90'000);
  clock->packet(90'000, 0, 5);
  EXPECT_EQ(clock->time_of(5), 0) << "a stream without a rate of stamps";
  clock->packet(90'000, 90'000, GST_CLOCK_TIME_NONE);
  EXPECT_EQ(clock->time_of(5), 0);
}

}  // namespace
}  // namespace bulkhead::worker
