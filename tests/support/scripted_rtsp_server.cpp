#include "tests/support/scripted_rtsp_server.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <utility>

namespace bulkhead::test {

namespace {

UniqueFd bound_socket(std::uint16_t& port) {
  UniqueFd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  port = ::ntohs(address.sin_port);
  return socket;
}

// True when `fd` is readable; false when the server has to end.
bool wait_readable(int fd, int wake) {
  pollfd waiting[] = {{fd, POLLIN, 0}, {wake, POLLIN, 0}};
  while (::poll(waiting, 2, -1) < 0) {
  }
  return waiting[1].revents == 0;
}

std::string_view sequence_of(std::string_view request) {
  constexpr std::string_view kName = "CSeq:";
  const std::size_t begin = request.find(kName);
  if (begin == std::string_view::npos) return "0";
  const std::string_view rest = request.substr(begin + kName.size());
  return rest.substr(0, rest.find('\r'));
}

}  // namespace

ScriptedRtspServer::ScriptedRtspServer(Script script)
    : script_{std::move(script)}, listener_{bound_socket(port_)}, wake_{::eventfd(0, EFD_CLOEXEC)} {
  EXPECT_EQ(::listen(listener_.get(), 8), 0);
  thread_ = std::jthread{[this](const std::stop_token& stop) { serve(stop); }};
}

ScriptedRtspServer::~ScriptedRtspServer() {
  thread_.request_stop();
  EXPECT_EQ(::eventfd_write(wake_.get(), 1), 0);
}

void ScriptedRtspServer::serve(const std::stop_token& stop) {
  while (wait_readable(listener_.get(), wake_.get())) {
    const UniqueFd client{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    if (client) serve_client(client.get(), stop);
  }
}

void ScriptedRtspServer::serve_client(int fd, const std::stop_token& stop) {
  constexpr std::string_view kHeadEnd = "\r\n\r\n";
  std::string received;
  while (!stop.stop_requested() && wait_readable(fd, wake_.get())) {
    char bytes[4096];
    const ssize_t count = ::recv(fd, bytes, sizeof bytes, 0);
    if (count <= 0) return;
    received.append(bytes, static_cast<std::size_t>(count));
    std::size_t end = 0;
    while ((end = received.find(kHeadEnd)) != std::string::npos) {
      const std::string request = received.substr(0, end + kHeadEnd.size());
      received.erase(0, request.size());
      const std::string reply = script_(request);
      ::send(fd, reply.data(), reply.size(), MSG_NOSIGNAL);
    }
  }
}

std::string rtsp_reply(std::string_view request, std::string_view status, std::string_view headers,
                       std::string_view body) {
  std::string reply{"RTSP/1.0 "};
  reply.append(status).append("\r\nCSeq: ").append(sequence_of(request)).append("\r\n");
  reply.append(headers);
  if (!body.empty()) reply += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return reply.append("\r\n").append(body);
}

std::string honest_reply(std::string_view request) {
  if (request.starts_with("OPTIONS")) {
    return rtsp_reply(request, "200 OK", "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n");
  }
  if (request.starts_with("DESCRIBE")) {
    return rtsp_reply(request, "200 OK", "Content-Type: application/sdp\r\n",
                      "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=scripted\r\nt=0 0\r\n"
                      "m=video 0 RTP/AVP 96\r\nc=IN IP4 127.0.0.1\r\n"
                      "a=rtpmap:96 H264/90000\r\na=control:track1\r\n");
  }
  if (request.starts_with("SETUP")) {
    return rtsp_reply(request, "200 OK",
                      "Session: 1234\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n");
  }
  return rtsp_reply(request, "200 OK", "Session: 1234\r\n");
}

std::uint16_t refused_port() {
  std::uint16_t port = 0;
  const UniqueFd freed = bound_socket(port);
  return port;
}

}  // namespace bulkhead::test
