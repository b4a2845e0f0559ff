#include "worker/source/rtsp_source.hpp"

#include <gtest/gtest.h>
#include <malloc.h>

#include <chrono>
#include <filesystem>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/attempt.hpp"
#include "tests/support/demo_camera.hpp"
#include "tests/support/made_clip.hpp"
#include "tests/support/scripted_rtsp_server.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;
using test::Attempt;
using test::DemoCamera;
using test::MadeClip;

constexpr int kTolerance = 4;  // of a lossy encoder

class RtspSourceTest : public ::testing::Test {
 protected:
  void SetUp() override { test::start_gstreamer(); }

  std::string clip(const MadeClip& made, const std::string& name = "clip.mp4") {
    const std::filesystem::path file = folder_.path() / name;
    test::make_clip(file, made);
    return file.string();
  }

  Result<std::unique_ptr<FrameSource>> source(const std::string& url,
                                              Transport transport = Transport::Tcp) {
    return RtspSource::create(RtspUrl::parse(url).value(), transport, limits_);
  }

  test::TempDir folder_;
  SourceLimits limits_{.connect = 5s, .first_frame = 5s, .stall = 1s, .teardown = 3s};
};

int at(const Plane& plane, std::uint32_t x, std::uint32_t y) {
  return plane.pixels[y * plane.stride + x];
}

// The colour of MadeClip in BT.601, the default of small pictures.
void expect_blue_all_over(const Frame& frame) {
  for (const auto& [x, y] : {std::pair{0U, 0U},
                             {frame.width - 1, 0U},
                             {frame.width - 1, frame.height - 1},
                             {7U, frame.height / 2}}) {
    EXPECT_NEAR(at(frame.planes[0], x, y), 88, kTolerance) << x << ',' << y;
    EXPECT_NEAR(at(frame.planes[1], x / 2, y / 2), 166, kTolerance) << x << ',' << y;
    EXPECT_NEAR(at(frame.planes[2], x / 2, y / 2), 95, kTolerance) << x << ',' << y;
  }
}

TEST_F(RtspSourceTest, FramesArriveNumberedWithTheCamerasSizeAndContent) {
  const DemoCamera camera{{"--mount", "/a=" + clip({.width = 322, .height = 242})}};
  Attempt attempt{source(camera.url("/a"))};
  std::int64_t last_arrival_ns = 0;
  std::uint64_t last_id = 0;
  for (int i = 0; i < 5; ++i) {
    const auto frame = attempt.next_frame();
    ASSERT_TRUE(frame);
    EXPECT_GT(frame->id, last_id);
    EXPECT_GT(frame->arrival_ns, last_arrival_ns);
    EXPECT_EQ(frame->width, 322U);
    EXPECT_EQ(frame->height, 242U);
    EXPECT_EQ(frame->format, PixelFormat::I420);
    expect_blue_all_over(*frame);
    last_id = frame->id;
    last_arrival_ns = frame->arrival_ns;
  }
  EXPECT_TRUE(attempt.stop());
  EXPECT_GE(attempt.counters().received_total, 5U);
  EXPECT_GE(attempt.counters().decoded_total, 5U);
}

TEST_F(RtspSourceTest, AWrongPasswordIsAnAuthFailure) {
  const auto password = folder_.write("password", "right\n");
  const DemoCamera camera{
      {"--mount", "/a=" + clip({}), "--user", "op", "--password-file", password.string()}};
  EXPECT_EQ(Attempt{source(camera.url("/a", "op:wrong"))}.end().code, ErrorCode::AuthFailed);
  EXPECT_EQ(Attempt{source(camera.url("/a"))}.end().code, ErrorCode::AuthFailed);
  EXPECT_TRUE(Attempt{source(camera.url("/a", "op:right"))}.next_frame());
}

TEST_F(RtspSourceTest, APasswordWithReservedCharactersOpensTheCamera) {
  const auto password = folder_.write("password", "p@ss:w/rd?#%\n");
  const DemoCamera camera{
      {"--mount", "/a=" + clip({}), "--user", "op", "--password-file", password.string()}};
  EXPECT_TRUE(Attempt{source(camera.url("/a", "op:p%40ss%3Aw%2Frd%3F%23%25"))}.next_frame());
}

TEST_F(RtspSourceTest, AnUnknownPathIsNotFound) {
  const DemoCamera camera{{"--mount", "/a=" + clip({})}};
  EXPECT_EQ(Attempt{source(camera.url("/nothing"))}.end().code, ErrorCode::NotFound);
}

TEST_F(RtspSourceTest, ARefusedPortIsAFailedConnectAtOnce) {
  Attempt attempt{source("rtsp://127.0.0.1:" + std::to_string(test::refused_port()) + "/a")};
  const Error error = attempt.end();
  EXPECT_EQ(error.code, ErrorCode::ConnectFailed);
  EXPECT_NE(error.message.find("reach"), std::string::npos) << error.message;
  EXPECT_LT(attempt.lasted(), limits_.connect);
}

TEST_F(RtspSourceTest, AStreamWithoutVideoIsNoVideo) {
  const DemoCamera camera{{"--mount-sound", "/sound"}};
  EXPECT_EQ(Attempt{source(camera.url("/sound"))}.end().code, ErrorCode::NoVideo);
}

TEST_F(RtspSourceTest, AnotherCodecIsNamedAndUnsupported) {
  const DemoCamera camera{{"--mount-mjpeg", "/jpeg"}};
  const Error error = Attempt{source(camera.url("/jpeg"))}.end();
  EXPECT_EQ(error.code, ErrorCode::UnsupportedCodec);
  EXPECT_NE(error.message.find("JPEG"), std::string::npos) << error.message;
}

TEST_F(RtspSourceTest, ACameraThatServesNoFurtherViewerHasReachedItsLimit) {
  const DemoCamera camera{{"--mount", "/a=" + clip({}), "--max-sessions", "1"}};
  Attempt first{source(camera.url("/a"))};
  ASSERT_TRUE(first.next_frame());
  EXPECT_EQ(Attempt{source(camera.url("/a"))}.end().code, ErrorCode::LimitReached);
  EXPECT_TRUE(first.next_frame());
}

TEST_F(RtspSourceTest, SoundBesidesTheVideoIsLeftAlone) {
  const DemoCamera camera{{"--mount", "/a=" + clip({}), "--with-sound"}};
  Attempt attempt{source(camera.url("/a"))};
  EXPECT_TRUE(attempt.next_frame());
  EXPECT_TRUE(attempt.stop());
}

TEST_F(RtspSourceTest, H265ArrivesToo) {
  const MadeClip made{.encoder = "x265enc key-int-max=10 speed-preset=ultrafast ! h265parse"};
  const DemoCamera camera{{"--mount", "/a=" + clip(made)}};
  const auto frame = Attempt{source(camera.url("/a"))}.next_frame();
  ASSERT_TRUE(frame);
  expect_blue_all_over(*frame);
}

TEST_F(RtspSourceTest, ElementaryStreamsOfBothCodecsArrive) {
  const MadeClip h264{
      .encoder = "x264enc key-int-max=10 bframes=0 ! video/x-h264,stream-format=byte-stream",
      .container = "identity"};
  const MadeClip h265{.encoder = "x265enc key-int-max=10 ! video/x-h265,stream-format=byte-stream",
                      .container = "identity"};
  const DemoCamera camera{
      {"--mount", "/4=" + clip(h264, "a.264"), "--mount", "/5=" + clip(h265, "a.265")}};
  EXPECT_TRUE(Attempt{source(camera.url("/4"))}.next_frame());
  EXPECT_TRUE(Attempt{source(camera.url("/5"))}.next_frame());
}

TEST_F(RtspSourceTest, UdpTransportDelivers) {
  const DemoCamera camera{{"--mount", "/a=" + clip({})}};
  const auto frame = Attempt{source(camera.url("/a"), Transport::Udp)}.next_frame();
  ASSERT_TRUE(frame);
  expect_blue_all_over(*frame);
}

TEST_F(RtspSourceTest, AClipsEndIsNotSeenBecauseItIsServedInALoop) {
  const DemoCamera camera{{"--mount", "/a=" + clip({.pictures = 5, .fps = 25})}};
  Attempt attempt{source(camera.url("/a")), {.frames = 64}};
  for (std::uint64_t id = 1; id <= 18; ++id) {
    const auto frame = attempt.next_frame();
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->id, id);
  }
  EXPECT_TRUE(attempt.stop());
}

TEST_F(RtspSourceTest, SeveralClientsSeeOneCamera) {
  const DemoCamera camera{{"--mount", "/a=" + clip({})}};
  Attempt first{source(camera.url("/a"))};
  ASSERT_TRUE(first.next_frame());
  Attempt second{source(camera.url("/a"))};
  EXPECT_TRUE(second.next_frame());
  EXPECT_TRUE(first.next_frame());
}

/// What this process holds at the moment.
struct Holdings {
  std::ptrdiff_t threads = entries_of("/proc/self/task");
  std::ptrdiff_t descriptors = entries_of("/proc/self/fd");
  std::size_t heap_bytes = mallinfo2().uordblks;

 private:
  static std::ptrdiff_t entries_of(const char* folder) {
    return std::distance(std::filesystem::directory_iterator{folder}, {});
  }
};

TEST_F(RtspSourceTest, ConnectingAgainLeavesNothingBehind) {
  const DemoCamera camera{{"--mount", "/a=" + clip({})}};
  const auto connect = [&](int times) {
    for (int i = 0; i < times; ++i) {
      Attempt attempt{source(camera.url("/a"))};
      ASSERT_TRUE(attempt.next_frame());
      EXPECT_TRUE(attempt.stop());
    }
  };
  connect(5);  // what is loaded on first use stays
  const Holdings before;
  constexpr int kTimes = 20;
  connect(kTimes);
  const Holdings after;
  // One of each may come or go with GStreamer's pool of threads.
  EXPECT_LE(after.threads, before.threads + 1);
  EXPECT_LE(after.descriptors, before.descriptors + 1);
  constexpr std::size_t kSlack = 8 * 1024;  // a forgotten element takes more
  EXPECT_LT(after.heap_bytes, before.heap_bytes + kTimes * kSlack);
}

TEST_F(RtspSourceTest, FramesLieInTheDecodersOwnPaddedBuffers) {
  // Not where the picture ends within a block of 16: there the decoder of GStreamer 1.22 copies.
  const DemoCamera camera{{"--mount", "/a=" + clip({.width = 704, .height = 576})}};
  const auto frame = Attempt{source(camera.url("/a"))}.next_frame();
  ASSERT_TRUE(frame);
  EXPECT_GT(frame->planes[0].stride, 704U);
}

TEST_F(RtspSourceTest, PicturesMayChangeTheirSizeMidStream) {
  const std::string clips = clip({.width = 320, .height = 240, .pictures = 5}, "small.mp4") + "," +
                            clip({.width = 642, .height = 362, .pictures = 5}, "large.mp4");
  const DemoCamera camera{{"--mount", "/a=" + clips}};
  Attempt attempt{source(camera.url("/a")), {.frames = 64}};
  std::vector<std::uint32_t> widths;
  while (widths.size() < 3) {
    const auto frame = attempt.next_frame();
    ASSERT_TRUE(frame);
    expect_blue_all_over(*frame);
    if (widths.empty() || widths.back() != frame->width) widths.push_back(frame->width);
  }
  EXPECT_EQ(widths, (std::vector<std::uint32_t>{320, 642, 320}));
  EXPECT_TRUE(attempt.stop());
}

TEST_F(RtspSourceTest, APictureOverTheSizeLimitIsRefusedBeforeItIsDecoded) {
  const int too_wide = static_cast<int>(limits::kFrameSide) + 16;
  const DemoCamera camera{{"--mount", "/a=" + clip({.width = too_wide, .height = 32})}};
  Attempt attempt{source(camera.url("/a"))};
  EXPECT_EQ(attempt.end().code, ErrorCode::LimitReached);
  EXPECT_EQ(attempt.counters().decoded_total, 0U);
}

#ifdef BULKHEAD_TEST_CLIPS
TEST_F(RtspSourceTest, RealClipsOfBothCodecsArrive) {
  const std::string clips = BULKHEAD_TEST_CLIPS;
  const DemoCamera camera{{"--mount", "/traffic=" + clips + "/video/ocv4nodejs_traffic.mp4",
                           "--mount", "/lossy=" + clips + "/streams/h264/BA_MW_D_P_LOST.264",
                           "--mount", "/h265=" + clips + "/streams/h265/girlshy.h265"}};
  for (const auto& [path, width] :
       {std::pair{"/traffic", 640U}, {"/lossy", 176U}, {"/h265", 316U}}) {
    const auto frame = Attempt{source(camera.url(path))}.next_frame();
    ASSERT_TRUE(frame) << path;
    EXPECT_EQ(frame->width, width);
  }
}
#endif

}  // namespace
}  // namespace bulkhead::worker
