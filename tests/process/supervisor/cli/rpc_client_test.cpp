// The client against a peer that misbehaves in one way each. How it fares with the real supervisor
// is shown by the end-to-end tests.

#include "supervisor/cli/rpc_client.hpp"

#include <gtest/gtest.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "common/limits.hpp"
#include "tests/support/hang_limit.hpp"

namespace bulkhead::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using nlohmann::json;
using Socket = beast::websocket::stream<tcp::socket>;

using test::kHangLimit;
constexpr std::chrono::milliseconds kShort{50};

/// Accepts one connection on a free port of loopback and treats it as `behaviour` says; ends when
/// that returns or the client is gone.
class Peer {
 public:
  explicit Peer(std::function<void(tcp::socket)> behaviour)
      : acceptor_{loop_, tcp::endpoint{asio::ip::address_v4::loopback(), 0}},
        port_{acceptor_.local_endpoint().port()},
        thread_{[this, behaviour = std::move(behaviour)] {
          try {
            behaviour(acceptor_.accept());
          } catch (const boost::system::system_error&) {
            // The client left, which ends the behaviour.
          }
        }} {}

  [[nodiscard]] Endpoint endpoint() const {
    return *Endpoint::parse("ws://127.0.0.1:" + std::to_string(port_));
  }

 private:
  asio::io_context loop_;
  tcp::acceptor acceptor_;
  std::uint16_t port_;
  std::jthread thread_;
};

/// Waits until the client has gone.
void drain(tcp::socket& socket) {
  std::array<char, 64> bytes{};
  boost::system::error_code gone;
  while (!gone) socket.read_some(asio::buffer(bytes), gone);
}

/// Shakes hands, then answers each call with what `answers` gives for it: whole messages.
std::function<void(tcp::socket)> answering(
    std::function<std::vector<std::string>(const json& call)> answers) {
  return [answers = std::move(answers)](tcp::socket socket) {
    Socket ws{std::move(socket)};
    ws.accept();
    while (true) {
      beast::flat_buffer buffer;
      ws.read(buffer);
      const json call = json::parse(beast::buffers_to_string(buffer.data()));
      for (const std::string& answer : answers(call)) ws.write(asio::buffer(answer));
    }
  };
}

std::string reply(const json& call, const json& result) {
  return json{{"jsonrpc", "2.0"}, {"id", call.at("id")}, {"result", result}}.dump();
}

TEST(RpcClientTest, TheResultOfACallComesBackAndNotificationsBeforeItAreKeptInOrder) {
  Peer peer{answering([](const json& call) {
    return std::vector<std::string>{R"({"jsonrpc":"2.0","method":"a","params":{}})",
                                    R"({"jsonrpc":"2.0","method":"b","params":{}})",
                                    reply(call, {{"echo", call.at("params")}})};
  })};
  auto client = RpcClient::connect(peer.endpoint(), kHangLimit);
  ASSERT_TRUE(client) << client.error().message;
  const auto result = client->call("x", {{"n", 1}}, kHangLimit);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->at("echo").at("n"), 1);
  EXPECT_EQ(client->next_notification()->at("method"), "a");
  EXPECT_EQ(client->next_notification(kHangLimit)->at("method"), "b");
}

TEST(RpcClientTest, AnErrorOfTheSupervisorIsRefusedWithItsCodeAndSentence) {
  Peer peer{answering([](const json& call) {
    const json error{{"code", -32001},
                     {"message", "there is no camera \033[2Jx"},
                     {"data", {{"code", "NOT_FOUND"}}}};
    return std::vector<std::string>{json{{"id", call.at("id")}, {"error", error}}.dump()};
  })};
  auto client = RpcClient::connect(peer.endpoint(), kHangLimit);
  const auto result = client->call("x", json::object(), kHangLimit);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().exit, Exit::Refused);
  EXPECT_EQ(result.error().message, "NOT_FOUND: there is no camera \\x1b[2Jx");
}

TEST(RpcClientTest, ACallThatIsNeverAnsweredEndsAtItsLimit) {
  Peer peer{answering([](const json&) { return std::vector<std::string>{}; })};
  auto client = RpcClient::connect(peer.endpoint(), kHangLimit);
  const auto result = client->call("x", json::object(), kShort);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().exit, Exit::Timeout);
  const auto next = client->call("x", json::object(), kHangLimit);
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().exit, Exit::NotThere) << "the connection was given up";
}

TEST(RpcClientTest, APeerThatAcceptsAndIsSilentEndsTheHandshakeAtItsLimit) {
  Peer peer{[](tcp::socket socket) { drain(socket); }};
  const auto client = RpcClient::connect(peer.endpoint(), kShort);
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().exit, Exit::NotThere);
  EXPECT_NE(client.error().message.find("no WebSocket answer"), std::string::npos)
      << client.error().message;
}

TEST(RpcClientTest, APeerOfAnotherProtocolIsNoSupervisor) {
  Peer peer{[](tcp::socket socket) {
    asio::write(socket,
                asio::buffer(std::string{"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"}));
    drain(socket);
  }};
  const auto client = RpcClient::connect(peer.endpoint(), kHangLimit);
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().exit, Exit::NotThere);
}

TEST(RpcClientTest, AConnectionCutDuringACallIsNotThere) {
  Peer peer{[](tcp::socket socket) {
    Socket ws{std::move(socket)};
    ws.accept();
    beast::flat_buffer buffer;
    ws.read(buffer);
  }};
  auto client = RpcClient::connect(peer.endpoint(), kHangLimit);
  ASSERT_TRUE(client) << client.error().message;
  const auto result = client->call("x", json::object(), kHangLimit);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().exit, Exit::NotThere);
}

TEST(RpcClientTest, AnAnswerThatIsNoJsonObjectIsRefused) {
  for (const char* answer : {"hello", "[1]", "{\"id\":"}) {
    Peer peer{answering([answer](const json&) { return std::vector<std::string>{answer}; })};
    auto client = RpcClient::connect(peer.endpoint(), kHangLimit);
    const auto result = client->call("x", json::object(), kHangLimit);
    ASSERT_FALSE(result) << answer;
    EXPECT_EQ(result.error().exit, Exit::NotThere);
  }
}

TEST(RpcClientTest, AFloodOfNotificationsDuringACallEndsAtItsLimit) {
  const auto flood = [](std::size_t count) {
    return answering([count](const json& call) {
      std::vector<std::string> messages(count, R"({"method":"a","params":{}})");
      messages.push_back(reply(call, json::object()));
      return messages;
    });
  };
  Peer bearable{flood(limits::kCliNotifications)};
  auto client = RpcClient::connect(bearable.endpoint(), kHangLimit);
  EXPECT_TRUE(client->call("x", json::object(), kHangLimit));

  Peer unbearable{flood(limits::kCliNotifications + 1)};
  auto other = RpcClient::connect(unbearable.endpoint(), kHangLimit);
  const auto result = other->call("x", json::object(), kHangLimit);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().exit, Exit::Timeout);
}

}  // namespace
}  // namespace bulkhead::cli
