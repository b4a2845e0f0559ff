#include "worker/source/rtsp_source.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>

#include "tests/support/attempt.hpp"
#include "tests/support/demo_camera.hpp"
#include "tests/support/made_clip.hpp"
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

}  // namespace
}  // namespace bulkhead::worker
