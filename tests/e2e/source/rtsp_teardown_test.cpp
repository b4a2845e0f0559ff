// A session that somebody else left at a camera is ended, or not, within a limit.

#include "worker/source/rtsp_teardown.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "common/unique_fd.hpp"
#include "tests/support/attempt.hpp"
#include "tests/support/demo_camera.hpp"
#include "tests/support/made_clip.hpp"
#include "tests/support/scripted_rtsp_server.hpp"
#include "tests/support/temp_dir.hpp"
#include "worker/source/rtsp_source.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;
using test::Attempt;
using test::DemoCamera;
using test::rtsp_reply;
using test::ScriptedRtspServer;

// What a busy machine may add to a limit.
constexpr std::chrono::milliseconds kSlack{2500};
const RtspSession kLeft{.id = "4F2A01BC", .path = "/all?channel=1"};

/// A camera that answers as a test says, and remembers what it was asked.
class AskedCamera {
 public:
  explicit AskedCamera(ScriptedRtspServer::Script script)
      : script_{std::move(script)}, server_{[this](std::string_view request) {
          const std::lock_guard lock{mutex_};
          requests_.emplace_back(request);
          return script_(request);
        }} {}

  [[nodiscard]] RtspUrl url(const std::string& user_info = {}) const {
    return RtspUrl::parse("rtsp://" + user_info + "127.0.0.1:" + std::to_string(server_.port()) +
                          "/live")
        .value();
  }

  [[nodiscard]] std::vector<std::string> requests() {
    const std::lock_guard lock{mutex_};
    return requests_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> requests_;
  const ScriptedRtspServer::Script script_;
  const ScriptedRtspServer server_;
};

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string header(const std::string& request, const std::string& name) {
  const std::size_t begin = request.find(name + ": ");
  if (begin == std::string::npos) return {};
  const std::string rest = request.substr(begin + name.size() + 2);
  return rest.substr(0, rest.find('\r'));
}

/// 401 to all that has no credentials; what follows is answered with `then`.
ScriptedRtspServer::Script guarded(const std::string& challenges, const std::string& then) {
  return [challenges, then](std::string_view request) {
    const bool answered = request.find("Authorization") != std::string_view::npos;
    return rtsp_reply(request, answered ? then : "401 Unauthorized", answered ? "" : challenges);
  };
}

const std::string kDigest =
    "WWW-Authenticate: Digest realm=\"camera\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c0\"\r\n";
const std::string kBasic = "WWW-Authenticate: Basic realm=\"camera\"\r\n";

class RtspTeardownTest : public ::testing::Test {
 protected:
  void SetUp() override { test::start_gstreamer(); }

  static Result<> end(const RtspUrl& camera, std::chrono::milliseconds limit = test::kHangLimit) {
    return end_rtsp_session(camera, kLeft, limit, {});
  }

  test::TempDir folder_;
};

TEST_F(RtspTeardownTest, NamesTheSessionAndItsPlaceAtTheCamerasOwnAddress) {
  AskedCamera camera{[](std::string_view request) { return rtsp_reply(request, "200 OK"); }};
  const auto ended = end(camera.url());
  ASSERT_TRUE(ended) << ended.error().message;
  const auto requests = camera.requests();
  ASSERT_EQ(requests.size(), 1U);
  RtspUrl place = camera.url();
  place.path = kLeft.path;
  EXPECT_TRUE(requests[0].starts_with("TEARDOWN " + place.location() + " RTSP/1.0\r\n"))
      << requests[0];
  EXPECT_EQ(header(requests[0], "Session"), kLeft.id);
}

TEST_F(RtspTeardownTest, AnswersAChallengeByDigestWhereThatIsOffered) {
  AskedCamera camera{guarded(kBasic + kDigest, "200 OK")};
  const auto ended = end(camera.url("op:canary-S3cret@"));
  ASSERT_TRUE(ended) << ended.error().message;
  const auto requests = camera.requests();
  ASSERT_EQ(requests.size(), 2U);
  const std::string answer = header(requests[1], "Authorization");
  EXPECT_TRUE(answer.starts_with("Digest ")) << answer;
  EXPECT_TRUE(holds(answer, "username=\"op\"")) << answer;
  EXPECT_TRUE(holds(answer, "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c0\"")) << answer;
  EXPECT_FALSE(holds(answer, "S3cret")) << answer;
  EXPECT_EQ(header(requests[1], "Session"), kLeft.id);
}

TEST_F(RtspTeardownTest, AnswersAChallengeByBasicWhereNothingElseIsOffered) {
  AskedCamera camera{guarded(kBasic, "200 OK")};
  ASSERT_TRUE(end(camera.url("op:pass@")));
  EXPECT_EQ(header(camera.requests().at(1), "Authorization"), "Basic b3A6cGFzcw==");
}

TEST_F(RtspTeardownTest, AWrongPasswordIsTriedOnce) {
  AskedCamera camera{guarded(kDigest, "401 Unauthorized")};
  const auto ended = end(camera.url("op:canary-S3cret@"));
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::AuthFailed);
  EXPECT_EQ(camera.requests().size(), 2U) << "without it, and with it";
}

TEST_F(RtspTeardownTest, WithoutAPasswordNothingIsMadeUp) {
  AskedCamera camera{guarded(kDigest, "200 OK")};
  EXPECT_EQ(end(camera.url()).error().code, ErrorCode::AuthFailed);
  EXPECT_EQ(camera.requests().size(), 1U);
}

TEST_F(RtspTeardownTest, ARefusalSaysItsNumber) {
  for (const auto& [status, code] : {std::pair{"454 Session Not Found", ErrorCode::NotFound},
                                     {"404 Not Found", ErrorCode::NotFound},
                                     {"500 Internal Server Error", ErrorCode::ConnectFailed}}) {
    AskedCamera camera{
        [status = status](std::string_view request) { return rtsp_reply(request, status); }};
    const auto ended = end(camera.url());
    ASSERT_FALSE(ended) << status;
    EXPECT_EQ(ended.error().code, code);
    EXPECT_TRUE(holds(ended.error().message, std::string{status}.substr(0, 3)))
        << ended.error().message;
    EXPECT_FALSE(holds(ended.error().message, kLeft.id));
  }
}

TEST_F(RtspTeardownTest, ACameraThatNeverAnswersIsLeftAtTheLimit) {
  AskedCamera camera{[](std::string_view) { return std::string{}; }};
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(end(camera.url(), 300ms).error().code, ErrorCode::ConnectFailed);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 300ms + kSlack);
  EXPECT_EQ(camera.requests().size(), 1U);
}

TEST_F(RtspTeardownTest, ACameraThatSendsOnlyPicturesIsLeftAtTheLimit) {
  AskedCamera camera{[](std::string_view) {
    std::string packets;
    for (int i = 0; i < 10'000; ++i) packets += std::string{"$\0\0\4abcd", 8};
    return packets;
  }};
  EXPECT_EQ(end(camera.url(), 300ms).error().code, ErrorCode::ConnectFailed);
}

/// Accepts one client and answers a byte each tenth of a second, for as long as it is listened to.
class DrippingCamera {
 public:
  DrippingCamera() : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    EXPECT_EQ(::listen(socket_.get(), 1), 0);
    port_ = ::ntohs(address.sin_port);
    thread_ = std::jthread{[this](const std::stop_token& stop) { drip(stop); }};
  }

  [[nodiscard]] RtspUrl url() const {
    return RtspUrl::parse("rtsp://127.0.0.1:" + std::to_string(port_) + "/live").value();
  }

 private:
  void drip(const std::stop_token& stop) const {
    constexpr int kTenthOfASecond = 100;
    const UniqueFd client{::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    std::string text{"RTSP/1.0 200 OK\r\nX: "};
    for (std::size_t i = 0; !stop.stop_requested(); ++i) {
      const char byte = i < text.size() ? text[i] : 'x';
      if (::send(client.get(), &byte, 1, MSG_NOSIGNAL) != 1) return;
      pollfd gone{client.get(), POLLRDHUP, 0};
      if (::poll(&gone, 1, kTenthOfASecond) != 0) return;
    }
  }

  const UniqueFd socket_;
  std::uint16_t port_ = 0;
  std::jthread thread_;
};

TEST_F(RtspTeardownTest, ACameraThatAnswersAByteAtATimeIsLeftAtTheLimit) {
  const DrippingCamera camera;
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(end(camera.url(), 500ms).error().code, ErrorCode::ConnectFailed);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 500ms + kSlack);
}

TEST_F(RtspTeardownTest, AnAnswerWithoutEndIsNotTaken) {
  AskedCamera camera{[](std::string_view request) {
    return rtsp_reply(request, "200 OK", "Content-Length: 1073741824\r\n");
  }};
  EXPECT_EQ(end(camera.url()).error().code, ErrorCode::ConnectFailed);
}

TEST_F(RtspTeardownTest, ARefusedPortIsNoAnswer) {
  const auto camera =
      RtspUrl::parse("rtsp://127.0.0.1:" + std::to_string(test::refused_port()) + "/live").value();
  EXPECT_EQ(end(camera).error().code, ErrorCode::ConnectFailed);
}

TEST_F(RtspTeardownTest, AStopEndsItAtOnce) {
  std::stop_source stop;
  AskedCamera camera{[&stop](std::string_view) {
    stop.request_stop();
    return std::string{};
  }};
  EXPECT_FALSE(end_rtsp_session(camera.url(), kLeft, test::kHangLimit, stop.get_token()));
}

TEST_F(RtspTeardownTest, ARealCameraEndsTheSessionOfAnotherConnection) {
  const std::filesystem::path clip = folder_.path() / "clip.mp4";
  test::make_clip(clip, {});
  const DemoCamera camera{{"--mount", "/a=" + clip.string(), "--max-sessions", "1"}};
  const auto url = RtspUrl::parse(camera.url("/a")).value();
  Attempt first{RtspSource::create(url, Transport::Tcp)};
  ASSERT_TRUE(first.next_frame());
  ASSERT_EQ(Attempt{RtspSource::create(url, Transport::Tcp)}.end().code, ErrorCode::LimitReached);
  const auto sessions = first.sessions();
  ASSERT_EQ(sessions.size(), 1U);
  const auto ended = end_rtsp_session(url, *sessions.at(0), test::kHangLimit, {});
  ASSERT_TRUE(ended) << ended.error().message;
  EXPECT_TRUE(Attempt{RtspSource::create(url, Transport::Tcp)}.next_frame());
  EXPECT_EQ(end_rtsp_session(url, *sessions.at(0), test::kHangLimit, {}).error().code,
            ErrorCode::NotFound);
}

TEST_F(RtspTeardownTest, ASourceTellsItsSessionAndThatItEndedIt) {
  const std::filesystem::path clip = folder_.path() / "clip.mp4";
  test::make_clip(clip, {});
  const DemoCamera camera{{"--mount", "/a=" + clip.string()}};
  Attempt attempt{RtspSource::create(RtspUrl::parse(camera.url("/a")).value(), Transport::Udp)};
  ASSERT_TRUE(attempt.next_frame());
  ASSERT_EQ(attempt.sessions().size(), 1U);
  EXPECT_EQ(attempt.sessions().at(0)->path, "/a/");
  EXPECT_FALSE(attempt.sessions().at(0)->id.empty());
  ASSERT_TRUE(attempt.stop());
  ASSERT_EQ(attempt.sessions().size(), 2U);
  EXPECT_FALSE(attempt.sessions().at(1));
}

TEST_F(RtspTeardownTest, ASessionThatNoRequestCanNameIsNotTold) {
  const ScriptedRtspServer server{[](std::string_view request) {
    if (!request.starts_with("SETUP")) return test::honest_reply(request);
    return rtsp_reply(request, "200 OK",
                      "Session: a\"b\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n");
  }};
  const SourceLimits limits{.connect = 1s, .first_frame = 1s, .stall = 1s, .teardown = 3s};
  Attempt attempt{
      RtspSource::create(RtspUrl::parse(server.url("/a")).value(), Transport::Tcp, limits)};
  EXPECT_EQ(attempt.end().code, ErrorCode::Stalled);
  EXPECT_TRUE(attempt.sessions().empty());
}

}  // namespace
}  // namespace bulkhead::worker
