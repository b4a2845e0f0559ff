#include <spdlog/logger.h>
#include <spdlog/sinks/null_sink.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <string>

#include "common/unique_fd.hpp"
#include "supervisor/config.hpp"
#include "supervisor/control/control_context.hpp"
#include "supervisor/control/http_session.hpp"
#include "supervisor/hub/hub.hpp"
#include "supervisor/session/session_table.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace bulkhead::fuzz {

namespace {

using boost::asio::ip::tcp;

constexpr std::string_view kUpgrade =
    "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
constexpr std::string_view kCompression =
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";

/// The server's end of every connection: all but the port.
struct Server {
  boost::asio::io_context loop{1};
  supervisor::Config config;
  supervisor::Hub hub;
  supervisor::SessionTable sessions{loop,
                                    [] {
                                      supervisor::SessionEnvironment environment;
                                      environment.worker.executable = "/nonexistent/worker";
                                      environment.max_sessions = 0;  // nobody starts a process
                                      return environment;
                                    }(),
                                    hub.events()};
  std::shared_ptr<supervisor::ControlContext> context =
      std::make_shared<supervisor::ControlContext>(
          loop, config, sessions, nullptr, hub,
          std::make_shared<spdlog::logger>("fuzz", std::make_shared<spdlog::sinks::null_sink_st>()),
          supervisor::ProgramServices{}, supervisor::ControlLimits{});

  /// All that can happen without waiting for a time to come.
  void turn() {
    loop.restart();
    loop.poll();
  }
};

class Client {
 public:
  explicit Client(Server& server) {
    std::array<int, 2> ends{};
    require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) == 0,
            "there are descriptors");
    end_ = UniqueFd{ends[0]};
    tcp::socket socket{server.loop};
    socket.assign(tcp::v4(), ends[1]);
    auto place = server.context->connections->admit(true);
    require(place.has_value(), "there is a place for a connection");
    supervisor::start_http_session(std::move(socket), {}, *std::move(place), server.context,
                                   supervisor::Welcome::Serve);
  }

  void send(std::string_view bytes) const {
    (void)::send(end_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }

  /// Reads away what was said; true: something was.
  [[nodiscard]] bool listen() const {
    std::array<char, 65536> said;
    bool any = false;
    while (::recv(end_.get(), said.data(), said.size(), 0) > 0) any = true;
    return any;
  }

 private:
  UniqueFd end_;
};

}  // namespace

void try_websocket(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  static Server server;
  {
    const Client client{server};
    const bool upgrades = (bytes[0] & std::byte{1}) == std::byte{0};
    const bool compresses = (bytes[0] & std::byte{2}) != std::byte{0};
    if (upgrades) client.send(kUpgrade);
    if (upgrades && compresses) client.send(kCompression);
    if (upgrades) client.send("\r\n");
    const auto sent = bytes.subspan(1);
    client.send({reinterpret_cast<const char*>(sent.data()), sent.size()});
    do {
      server.turn();
    } while (client.listen());
  }
  server.turn();
  require(server.context->connections->size() == 0, "a client that has gone leaves nothing");
  require(server.hub.streams() == 0, "and no stream");
  require(server.sessions.size() == 0, "and no session");
}

}  // namespace bulkhead::fuzz
