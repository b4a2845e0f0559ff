// `bulkhead watch` against a supervisor that ends its stream, or itself, in the middle.

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/run_program.hpp"

namespace bulkhead::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using nlohmann::json;

/// Accepts connections one after the other, and on each opens a stream as often as it is asked to;
/// what it does then is a step of the test's, one for each stream.
class Supervisor {
 public:
  using Socket = beast::websocket::stream<tcp::socket>;
  using Step = std::function<void(Socket&)>;

  explicit Supervisor(std::vector<Step> steps)
      : steps_{std::move(steps)},
        acceptor_{loop_, tcp::endpoint{asio::ip::address_v4::loopback(), 0}},
        thread_{[this] { serve(); }} {}

  [[nodiscard]] std::string url() const {
    return "ws://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }

  /// What each stream was asked for; once the program has ended.
  [[nodiscard]] const std::vector<json>& asked() {
    if (thread_.joinable()) thread_.join();
    return asked_;
  }

 private:
  void serve() {
    while (asked_.size() < steps_.size()) {
      Socket socket{acceptor_.accept()};
      try {
        socket.accept();
        while (true) open_stream(socket);
      } catch (const boost::system::system_error&) {
        // The connection has ended.
      }
    }
  }

  void open_stream(Socket& socket) {
    beast::flat_buffer buffer;
    socket.read(buffer);
    const json call = json::parse(beast::buffers_to_string(buffer.data()));
    asked_.push_back(call["params"]);
    tell(socket, {{"jsonrpc", "2.0"}, {"id", call["id"]}, {"result", {{"streamId", "s1"}}}});
    steps_.at(asked_.size() - 1)(socket);
  }

 public:
  static void tell(Socket& socket, const json& message) {
    socket.write(asio::buffer(message.dump()));
  }

 private:
  std::vector<Step> steps_;
  std::vector<json> asked_;
  asio::io_context loop_;
  tcp::acceptor acceptor_;
  std::jthread thread_;
};

const json kPositions = json::parse(
    R"([{"session":"cam","generation":1,"sequence":7,"alert":{"generation":1,"sequence":2}}])");

json closed(const char* reason) {
  return {{"method", "stream.status"},
          {"params", {{"to", "CLOSED"}, {"reason", reason}, {"resumeFrom", kPositions}}}};
}

json alert(const char* text) {
  return {{"method", "system.alert"},
          {"params", {{"session", "cam"}, {"kind", "DARK_PICTURE"}, {"text", text}}}};
}

void restart(Supervisor::Socket& socket) {
  socket.close(beast::websocket::close_code::service_restart);
}

test::ProgramRun watch(const Supervisor& supervisor, int count) {
  return test::run_program(BULKHEAD_CLI " --url " + supervisor.url() + " watch --count " +
                           std::to_string(count));
}

TEST(WatchTest, AfterAnUpgradeItGoesOnWhereItsStreamsLastWordSays) {
  Supervisor supervisor{
      {[](Supervisor::Socket& socket) {
         Supervisor::tell(socket, alert("before"));
         Supervisor::tell(socket, closed("restarting"));
         restart(socket);
       },
       [](Supervisor::Socket& socket) { Supervisor::tell(socket, alert("after")); }}};
  const auto run = watch(supervisor, 2);
  EXPECT_EQ(run.exit_code, 0) << run.output;
  EXPECT_NE(run.output.find("after"), std::string::npos) << run.output;
  EXPECT_EQ(run.output.find("CLOSED"), std::string::npos) << run.output;
  EXPECT_FALSE(supervisor.asked().at(0).contains("resumeFrom"));
  EXPECT_EQ(supervisor.asked().at(1)["resumeFrom"], kPositions);
}

TEST(WatchTest, WithoutALastWordItGoesOnFromNowAndTellsNoOldAlerts) {
  Supervisor supervisor{
      {[](Supervisor::Socket& socket) {
         Supervisor::tell(socket, {{"method", "detection"},
                                   {"params",
                                    {{"session", "cam"},
                                     {"generation", 1},
                                     {"sequence", 3},
                                     {"objects", json::array()}}}});
         restart(socket);
       },
       [](Supervisor::Socket& socket) { Supervisor::tell(socket, alert("after")); }}};
  const auto run = watch(supervisor, 2);
  EXPECT_EQ(run.exit_code, 0) << run.output;
  EXPECT_FALSE(supervisor.asked().at(1).contains("resumeFrom"));
}

TEST(WatchTest, AStreamThatOverflowedIsOpenedAgainOnTheSameConnection) {
  Supervisor supervisor{
      {[](Supervisor::Socket& socket) { Supervisor::tell(socket, closed("overflow")); },
       [](Supervisor::Socket& socket) { Supervisor::tell(socket, alert("after")); }}};
  const auto run = watch(supervisor, 1);
  EXPECT_EQ(run.exit_code, 0) << run.output;
  EXPECT_EQ(supervisor.asked().at(1)["resumeFrom"], kPositions);
}

}  // namespace
}  // namespace bulkhead::cli
