// Cameras that go silent, die, lie or send rubbish: each ends in its error, within its limit.

#include <gst/gst.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tests/support/attempt.hpp"
#include "tests/support/demo_camera.hpp"
#include "tests/support/made_clip.hpp"
#include "tests/support/scripted_rtsp_server.hpp"
#include "tests/support/temp_dir.hpp"
#include "worker/source/capture_loop.hpp"
#include "worker/source/rtsp_source.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;
using test::Attempt;
using test::DemoCamera;
using test::ScriptedRtspServer;

// What a busy machine may add to a limit.
constexpr std::chrono::milliseconds kSlack{2500};

class RtspTroubleTest : public ::testing::Test {
 protected:
  void SetUp() override { test::start_gstreamer(); }

  std::string clip() {
    const std::filesystem::path file = folder_.path() / "clip.mp4";
    test::make_clip(file, {});
    return file.string();
  }

  Result<std::unique_ptr<FrameSource>> source(const std::string& url) {
    return RtspSource::create(RtspUrl::parse(url).value(), Transport::Tcp, limits_);
  }

  test::TempDir folder_;
  SourceLimits limits_{.connect = 1s, .first_frame = 1s, .stall = 1s, .teardown = 3s};
};

TEST_F(RtspTroubleTest, AServerThatAcceptsAndSaysNothingIsAFailedConnect) {
  const ScriptedRtspServer server{[](std::string_view) { return std::string{}; }};
  Attempt attempt{source(server.url("/a"))};
  EXPECT_EQ(attempt.end().code, ErrorCode::ConnectFailed);
  EXPECT_LT(attempt.lasted(), limits_.connect + kSlack);
}

TEST_F(RtspTroubleTest, AServerThatStallsAfterDescribeIsAFailedConnect) {
  const ScriptedRtspServer server{[](std::string_view request) {
    return request.starts_with("SETUP") ? std::string{} : test::honest_reply(request);
  }};
  Attempt attempt{source(server.url("/a"))};
  EXPECT_EQ(attempt.end().code, ErrorCode::ConnectFailed);
  EXPECT_LT(attempt.lasted(), limits_.connect + kSlack);
}

TEST_F(RtspTroubleTest, AServerThatPlaysNothingIsStalled) {
  const ScriptedRtspServer server{test::honest_reply};
  Attempt attempt{source(server.url("/a"))};
  EXPECT_EQ(attempt.end().code, ErrorCode::Stalled);
  EXPECT_LT(attempt.lasted(), limits_.connect + limits_.first_frame + kSlack);
}

TEST_F(RtspTroubleTest, ABodyThatNeverEndsIsAFailedConnect) {
  const ScriptedRtspServer server{[](std::string_view request) {
    if (!request.starts_with("DESCRIBE")) return test::honest_reply(request);
    return test::rtsp_reply(request, "200 OK",
                            "Content-Type: application/sdp\r\nContent-Length: 1073741824\r\n");
  }};
  EXPECT_EQ(Attempt{source(server.url("/a"))}.end().code, ErrorCode::ConnectFailed);
}

TEST_F(RtspTroubleTest, RubbishForADescriptionIsAnErrorAndNoCrash) {
  const ScriptedRtspServer server{[](std::string_view request) {
    if (!request.starts_with("DESCRIBE")) return test::honest_reply(request);
    return test::rtsp_reply(request, "200 OK", "Content-Type: application/sdp\r\n",
                            "v=\xff\r\nm=video 99999999 RTP/AVP 300 -1\r\na=rtpmap:\r\nm=\r\n");
  }};
  const ErrorCode code = Attempt{source(server.url("/a"))}.end().code;
  EXPECT_TRUE(code == ErrorCode::NoVideo || code == ErrorCode::UnsupportedCodec ||
              code == ErrorCode::ConnectFailed || code == ErrorCode::Stalled)
      << name_of(code);
}

// A single-packet picture of type IDR, whose content is no picture.
std::string rubbish_packets(int count) {
  std::string packets;
  for (int i = 0; i < count; ++i) {
    std::string rtp{"\x80\xe0", 2};
    rtp += std::string{'\0', static_cast<char>(i)};
    rtp += std::string{"\0\0", 2} + static_cast<char>(i) +
           std::string{
               "\0"
               "abcd",
               5};
    rtp += "\x65" + std::string(200, static_cast<char>(i * 37 + 1));
    packets += std::string{"$\0\0", 3} + static_cast<char>(rtp.size()) + rtp;
  }
  return packets;
}

TEST_F(RtspTroubleTest, PicturesThatAreRubbishAreADecodeError) {
  const ScriptedRtspServer server{[](std::string_view request) {
    std::string reply = test::honest_reply(request);
    if (request.starts_with("PLAY")) reply += rubbish_packets(50);
    return reply;
  }};
  Attempt attempt{source(server.url("/a"))};
  const ErrorCode code = attempt.end().code;
  EXPECT_TRUE(code == ErrorCode::DecodeError || code == ErrorCode::Stalled) << name_of(code);
  EXPECT_EQ(attempt.counters().decoded_total, 0U);
}

TEST_F(RtspTroubleTest, ARedirectionIsRefusedAndThePasswordStaysHere) {
  std::string seen;
  const ScriptedRtspServer other{[&seen](std::string_view request) {
    seen += request;
    return test::honest_reply(request);
  }};
  const ScriptedRtspServer server{[&other](std::string_view request) {
    return test::rtsp_reply(request, "302 Moved Temporarily",
                            "Location: " + other.url("/b") + "\r\n");
  }};
  Attempt attempt{
      source("rtsp://op:canary-S3cret@127.0.0.1:" + std::to_string(server.port()) + "/a")};
  const Error error = attempt.end();
  EXPECT_EQ(error.code, ErrorCode::ConnectFailed);
  EXPECT_NE(error.message.find("redirect"), std::string::npos) << error.message;
  EXPECT_EQ(seen, "");
}

TEST_F(RtspTroubleTest, AnAttemptTriesAPasswordOnceHoweverOftenTheCameraAsks) {
  int tries = 0;
  const ScriptedRtspServer server{[&tries](std::string_view request) {
    static int nonce = 0;
    if (request.find("Authorization:") != std::string_view::npos) ++tries;
    return test::rtsp_reply(
        request, "401 Unauthorized",
        "WWW-Authenticate: Digest realm=\"cam\", nonce=\"" + std::to_string(++nonce) + "\"\r\n");
  }};
  Attempt attempt{source("rtsp://op:wrong@127.0.0.1:" + std::to_string(server.port()) + "/a")};
  EXPECT_EQ(attempt.end().code, ErrorCode::AuthFailed);
  EXPECT_EQ(tries, 1);
}

TEST_F(RtspTroubleTest, ACameraKilledMidStreamEndsTheAttempt) {
  DemoCamera camera{{"--mount", "/a=" + clip()}};
  Attempt attempt{source(camera.url("/a"))};
  ASSERT_TRUE(attempt.next_frame());
  const auto killed = std::chrono::steady_clock::now();
  camera.kill();
  const ErrorCode code = attempt.end().code;
  EXPECT_TRUE(code == ErrorCode::EndOfStream || code == ErrorCode::ConnectFailed) << name_of(code);
  EXPECT_LT(std::chrono::steady_clock::now() - killed, limits_.stall + kSlack);
}

TEST_F(RtspTroubleTest, ACameraFrozenMidStreamIsStalled) {
  const DemoCamera camera{{"--mount", "/a=" + clip()}};
  Attempt attempt{source(camera.url("/a"))};
  ASSERT_TRUE(attempt.next_frame());
  const auto frozen = std::chrono::steady_clock::now();
  camera.freeze();
  EXPECT_EQ(attempt.end().code, ErrorCode::Stalled);
  EXPECT_LT(std::chrono::steady_clock::now() - frozen, limits_.stall + kSlack);
}

TEST_F(RtspTroubleTest, AStopIsObeyedAtOnceInEveryStage) {
  limits_ = {};
  const ScriptedRtspServer silent{[](std::string_view) { return std::string{}; }};
  const ScriptedRtspServer empty{test::honest_reply};
  const DemoCamera frozen{{"--mount", "/a=" + clip()}};
  Attempt connecting{source(silent.url("/a"))};
  Attempt waiting{source(empty.url("/a"))};
  Attempt stalling{source(frozen.url("/a"))};
  ASSERT_TRUE(stalling.next_frame());
  frozen.freeze();
  for (Attempt* attempt : {&connecting, &waiting, &stalling}) {
    const auto asked = std::chrono::steady_clock::now();
    const Result<> stopped = attempt->stop();
    EXPECT_TRUE(stopped) << stopped.error().message;
    EXPECT_LT(std::chrono::steady_clock::now() - asked, kSlack);
  }
}

TEST_F(RtspTroubleTest, ThePasswordIsInNoMessageAndNoLogLine) {
  gst_debug_set_default_threshold(GST_LEVEL_DEBUG);
  const auto password = folder_.write("password", "canary-S3cret\n");
  const DemoCamera camera{
      {"--mount", "/a=" + clip(), "--user", "op", "--password-file", password.string()}};
  const std::string right = camera.url("/a", "op:canary-S3cret");
  ASSERT_TRUE(Attempt{source(right)}.next_frame());
  for (const std::string& wrong :
       {camera.url("/a", "op:canary-S3cret-2"), camera.url("/b", "op:canary-S3cret"),
        std::string{"rtsp://op:canary-S3cret@127.0.0.1:1/a"}}) {
    EXPECT_EQ(Attempt{source(wrong)}.end().message.find("S3cret"), std::string::npos);
  }
  gst_debug_set_default_threshold(GST_LEVEL_WARNING);
  const std::string log = test::gstreamer_log();
  EXPECT_GT(log.size(), 10000U);
  EXPECT_EQ(log.find("S3cret"), std::string::npos) << log.substr(log.find("S3cret") - 300, 400);
}

TEST_F(RtspTroubleTest, TheCaptureLoopBringsBackACameraThatWasRestarted) {
  const std::string clip_file = clip();
  auto camera =
      std::make_unique<DemoCamera>(std::vector<std::string>{"--mount", "/a=" + clip_file});
  const std::uint16_t port = camera->port();
  FrameRing ring{2, WhenFull::DropOldest};
  CaptureCounters counters;
  std::promise<ErrorCode> lost;
  std::once_flag once;
  CaptureEvents events;
  events.lost = [&](const Error& error, std::chrono::milliseconds) {
    std::call_once(once, [&] { lost.set_value(error.code); });
  };
  RetryPolicy policy;
  policy.transient = {50ms, 100ms};
  CaptureLoop loop{source(camera->url("/a")).value(), ring, counters, events, policy};
  const auto before = ring.pop({}, test::kHangLimit);
  ASSERT_TRUE(before);

  camera->kill();
  auto reason = lost.get_future();
  ASSERT_EQ(reason.wait_for(test::kHangLimit), std::future_status::ready);
  while (ring.pop({}, 0ms)) {
  }
  camera =
      std::make_unique<DemoCamera>(std::vector<std::string>{"--mount", "/a=" + clip_file}, port);
  const auto after = ring.pop({}, test::kHangLimit);
  ASSERT_TRUE(after);
  EXPECT_GT(after->id, before->id);
  EXPECT_GE(counters.attempts_total, 2U);
}

}  // namespace
}  // namespace bulkhead::worker
