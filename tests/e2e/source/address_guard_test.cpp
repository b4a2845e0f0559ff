// Real servers and real connections: nobody is connected to whose address is denied, whoever named
// it, and somebody who is allowed is.

#include "worker/source/address_guard.hpp"

#include <arpa/inet.h>
#include <gio/gio.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <deque>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "common/unique_fd.hpp"
#include "tests/support/attempt.hpp"
#include "tests/support/scripted_rtsp_server.hpp"
#include "worker/source/rtsp_source.hpp"
#include "worker/source/rtsp_teardown.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;
using test::Attempt;
using test::ScriptedRtspServer;

const std::string kElsewhere = "127.0.0.2";

std::vector<AddressBlock> blocks(const std::vector<std::string>& texts) {
  std::vector<AddressBlock> parsed;
  for (const std::string& text : texts) parsed.push_back(AddressBlock::parse(text).value());
  return parsed;
}

UniqueFd bound(int type, const std::string& host, std::uint16_t& port) {
  UniqueFd socket{::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = ::htons(port);
  EXPECT_EQ(::inet_pton(AF_INET, host.c_str(), &address.sin_addr), 1);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  port = ::ntohs(address.sin_port);
  return socket;
}

/// Somebody else on this machine. On loopback a connection is in its queue as soon as it is made.
class Bystander {
 public:
  explicit Bystander(const std::string& host = kElsewhere) : host_{host} {
    socket_ = bound(SOCK_STREAM, host, port_);
    EXPECT_EQ(::listen(socket_.get(), 8), 0);
  }

  [[nodiscard]] bool was_connected_to() const {
    return UniqueFd{::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC)}.get() >= 0;
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url(const std::string& host = {}) const {
    return "rtsp://" + (host.empty() ? host_ : host) + ":" + std::to_string(port_) + "/b";
  }

 private:
  std::string host_;
  std::uint16_t port_ = 0;
  UniqueFd socket_;
};

/// GLib's resolver with the answers of a name server that we do not have: one a lookup.
struct Answers {
  std::mutex mutex;
  std::deque<std::vector<std::string>> left;
} answers;

GList* next_answer(GResolver*, const gchar*, GCancellable*, GError** error) {
  const std::lock_guard lock{answers.mutex};
  if (answers.left.empty()) {
    g_set_error_literal(error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND, "asked too often");
    return nullptr;
  }
  GList* addresses = nullptr;
  for (const std::string& text : answers.left.front()) {
    addresses = g_list_append(addresses, g_inet_address_new_from_string(text.c_str()));
  }
  answers.left.pop_front();
  return addresses;
}

GList* next_answer_with_flags(GResolver* resolver, const gchar* name, GResolverNameLookupFlags,
                              GCancellable* cancellable, GError** error) {
  return next_answer(resolver, name, cancellable, error);
}

void init_resolver(gpointer type_class, gpointer) {
  G_RESOLVER_CLASS(type_class)->lookup_by_name = next_answer;
  G_RESOLVER_CLASS(type_class)->lookup_by_name_with_flags = next_answer_with_flags;
}

/// While it lives, each lookup of a name is answered by the next of these.
class NameServer {
 public:
  explicit NameServer(std::deque<std::vector<std::string>> given)
      : before_{g_resolver_get_default()} {
    static const GType type = g_type_register_static_simple(
        G_TYPE_RESOLVER, "BulkheadTestResolver", sizeof(GResolverClass), init_resolver,
        sizeof(GResolver), nullptr, GTypeFlags{});
    answers.left = std::move(given);
    auto* resolver = static_cast<GResolver*>(g_object_new(type, nullptr));
    g_resolver_set_default(resolver);
    g_object_unref(resolver);
  }
  NameServer(const NameServer&) = delete;
  NameServer& operator=(const NameServer&) = delete;
  ~NameServer() {
    g_resolver_set_default(before_);
    g_object_unref(before_);
  }

 private:
  GResolver* const before_;
};

class AddressGuardTest : public ::testing::Test {
 protected:
  void SetUp() override { test::start_gstreamer(); }
  void TearDown() override { guard_addresses({.deny = {}, .allow = {}}); }

  Error end_of(const std::string& url, Transport transport = Transport::Tcp) {
    Attempt attempt{RtspSource::create(RtspUrl::parse(url).value(), transport, limits_)};
    return attempt.end();
  }

  SourceLimits limits_{.connect = 5s, .first_frame = 1s, .stall = 1s, .teardown = 3s};
};

TEST_F(AddressGuardTest, AnAddressThatIsDeniedIsNotConnectedTo) {
  guard_addresses({.deny = blocks({"127.0.0.2"}), .allow = {}});
  const Bystander bystander;
  const Error error = end_of(bystander.url());
  EXPECT_EQ(error.code, ErrorCode::AddressDenied);
  EXPECT_EQ(error.field, "rtspUrl");
  EXPECT_TRUE(error.message.starts_with("127.0.0.2 is denied by 127.0.0.2/32")) << error.message;
  EXPECT_FALSE(bystander.was_connected_to());
}

TEST_F(AddressGuardTest, WhatIsAllowedIsReachedThoughItIsDenied) {
  guard_addresses({.deny = blocks({"127.0.0.0/8"}), .allow = blocks({"127.0.0.1"})});
  const ScriptedRtspServer server{test::honest_reply};
  EXPECT_EQ(end_of(server.url("/a")).code, ErrorCode::Stalled) << "it plays nothing";
}

TEST_F(AddressGuardTest, ByDefaultACameraOnThisMachineIsReached) {
  guard_addresses({});
  const ScriptedRtspServer server{test::honest_reply};
  EXPECT_EQ(end_of(server.url("/a")).code, ErrorCode::Stalled);
}

TEST_F(AddressGuardTest, ANameIsJudgedByWhereItLeads) {
  guard_addresses({.deny = blocks({"127.0.0.0/8", "::1"}), .allow = {}});
  const Bystander bystander{"127.0.0.1"};
  const Error error = end_of(bystander.url("localhost"));
  EXPECT_EQ(error.code, ErrorCode::AddressDenied);
  EXPECT_TRUE(error.message.starts_with("localhost: ")) << error.message;
  EXPECT_FALSE(bystander.was_connected_to());
}

TEST_F(AddressGuardTest, OfSeveralAddressesTheDeniedOnesArePassedOver) {
  guard_addresses({.deny = blocks({kElsewhere}), .allow = {}});
  const ScriptedRtspServer server{test::honest_reply};
  const NameServer names{{{kElsewhere, "127.0.0.1"}}};
  EXPECT_EQ(end_of("rtsp://camera.test:" + std::to_string(server.port()) + "/a").code,
            ErrorCode::Stalled);
}

TEST_F(AddressGuardTest, AnAllowedAddressWhereNobodyListensIsNoMatterOfThePolicy) {
  guard_addresses({.deny = blocks({kElsewhere}), .allow = {}});
  const NameServer names{{{"127.0.0.1", kElsewhere}, {kElsewhere, "127.0.0.1"}}};
  const std::string url = "rtsp://camera.test:" + std::to_string(test::refused_port()) + "/a";
  EXPECT_EQ(end_of(url).code, ErrorCode::ConnectFailed);
  EXPECT_EQ(end_of(url).code, ErrorCode::ConnectFailed);
}

TEST_F(AddressGuardTest, AnotherAnswerOfTheNameServerGainsNothing) {
  guard_addresses({.deny = blocks({kElsewhere}), .allow = {}});
  std::uint16_t port = 0;
  const ScriptedRtspServer server{test::honest_reply};
  port = server.port();
  const UniqueFd elsewhere = bound(SOCK_STREAM, kElsewhere, port);
  ASSERT_EQ(::listen(elsewhere.get(), 8), 0);
  const NameServer names{{{"127.0.0.1"}, {kElsewhere}, {"127.0.0.1"}}};
  const std::string url = "rtsp://camera.test:" + std::to_string(port) + "/a";
  EXPECT_EQ(end_of(url).code, ErrorCode::Stalled);
  EXPECT_EQ(end_of(url).code, ErrorCode::AddressDenied);
  EXPECT_EQ(UniqueFd{::accept4(elsewhere.get(), nullptr, nullptr, SOCK_CLOEXEC)}.get(), -1);
  EXPECT_EQ(end_of(url).code, ErrorCode::Stalled) << "it may change back";
}

TEST_F(AddressGuardTest, ARedirectionToADeniedAddressIsNotFollowedByAConnection) {
  guard_addresses({.deny = blocks({kElsewhere}), .allow = {}});
  const Bystander bystander;
  for (const std::string& host :
       {std::string{"127.0.0.2"}, std::string{"2130706434"}, std::string{"0x7f.0.0.2"},
        std::string{"[::ffff:127.0.0.2]"}, std::string{"0177.0.0.2"}}) {
    const ScriptedRtspServer server{[&](std::string_view request) {
      return test::rtsp_reply(request, "302 Moved Temporarily",
                              "Location: " + bystander.url(host) + "\r\n");
    }};
    const Error error = end_of(server.url("/a"));
    EXPECT_FALSE(bystander.was_connected_to()) << host;
    EXPECT_EQ(error.code, ErrorCode::ConnectFailed) << host;
    EXPECT_NE(error.message.find("redirects"), std::string::npos) << error.message;
  }
}

TEST_F(AddressGuardTest, TheSupervisorsOwnPortIsNeverConnectedTo) {
  const Bystander supervisor{"127.0.0.1"};
  guard_addresses(
      {.deny = {}, .allow = blocks({"0.0.0.0/0", "::/0"}), .control_port = supervisor.port()});
  for (const char* host : {"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"}) {
    EXPECT_EQ(end_of(supervisor.url(host)).code, ErrorCode::AddressDenied) << host;
    EXPECT_FALSE(supervisor.was_connected_to()) << host;
  }
}

TEST_F(AddressGuardTest, ALeftSessionIsNotEndedAtADeniedAddress) {
  guard_addresses({.deny = blocks({kElsewhere}), .allow = {}});
  const Bystander bystander;
  const auto ended = end_rtsp_session(RtspUrl::parse(bystander.url()).value(),
                                      {.id = "4F2A01BC", .path = "/b"}, 5s, {});
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::AddressDenied);
  EXPECT_FALSE(bystander.was_connected_to());
}

/// A camera that sends nothing over UDP, but names the place that packets for it go to.
class UdpCamera {
 public:
  explicit UdpCamera(const std::string& source)
      : socket_{bound(SOCK_DGRAM, kElsewhere, port_)},
        server_{[this, source](std::string_view request) {
          if (!request.starts_with("SETUP")) return test::honest_reply(request);
          constexpr std::string_view kPorts = "client_port=";
          const std::size_t at = request.find(kPorts);
          const std::string ports{request.substr(at, request.find_first_of(";\r", at) - at)};
          const std::string port = std::to_string(port_);
          return test::rtsp_reply(request, "200 OK",
                                  "Session: 1234\r\nTransport: RTP/AVP;unicast;" + ports +
                                      ";server_port=" + port + "-" + port + ";source=" + source +
                                      "\r\n");
        }} {}

  [[nodiscard]] std::string url() const { return server_.url("/a"); }
  [[nodiscard]] bool was_sent_something() const {
    char byte = 0;
    return ::recv(socket_.get(), &byte, 1, MSG_TRUNC) >= 0;
  }

 private:
  std::uint16_t port_ = 0;
  UniqueFd socket_;
  ScriptedRtspServer server_;
};

TEST_F(AddressGuardTest, PacketsGoWhereACameraWantsThemIfThatIsAllowed) {
  guard_addresses({});
  const UdpCamera camera{kElsewhere};
  EXPECT_EQ(end_of(camera.url(), Transport::Udp).code, ErrorCode::Stalled);
  EXPECT_TRUE(camera.was_sent_something());
}

TEST_F(AddressGuardTest, NoPacketGoesToADeniedAddressNorToANameThatACameraGives) {
  guard_addresses({.deny = blocks({kElsewhere}), .allow = {}});
  const NameServer names{{{kElsewhere}, {kElsewhere}, {kElsewhere}, {kElsewhere}}};
  for (const std::string& source : {kElsewhere, std::string{"camera.test"}}) {
    const UdpCamera camera{source};
    EXPECT_EQ(end_of(camera.url(), Transport::Udp).code, ErrorCode::Stalled) << source;
    EXPECT_FALSE(camera.was_sent_something()) << source;
    EXPECT_NE(test::gstreamer_log().find("no packets are sent to " + source), std::string::npos);
  }
}

}  // namespace
}  // namespace bulkhead::worker
