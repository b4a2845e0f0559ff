#include "ipc/control_socket.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "common/limits.hpp"
#include "ipc/wire_format.hpp"

namespace bulkhead::ipc {

namespace {

constexpr std::uint32_t kHelloMagic = 0x4F4C4548;  // "HELO" as bytes
constexpr std::size_t kHelloBytes = 12;

Error unavailable(std::string message) {
  return Error{.code = ErrorCode::Unavailable, .message = std::move(message), .field = {}};
}

Error protocol_error(std::string message) {
  return Error{.code = ErrorCode::ProtocolError, .message = std::move(message), .field = {}};
}

/// Never blocks and never raises SIGPIPE: the peer may be gone or may never read.
Result<void> send_packet(int fd, std::span<const std::byte> packet, std::string_view what) {
  ssize_t sent = 0;
  do {
    sent = ::send(fd, packet.data(), packet.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return errno_error(ErrorCode::Unavailable, what);
  return {};
}

/// Size of the packet received, which may exceed the buffer; nothing when none is there.
/// A dead peer is Unavailable, whether it closed in order or left bytes unread.
Result<std::optional<std::size_t>> receive_packet(int fd, std::span<std::byte> buffer) {
  ssize_t got = 0;
  do {
    got = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT | MSG_TRUNC);
  } while (got < 0 && errno == EINTR);
  if (got > 0) return std::optional{static_cast<std::size_t>(got)};
  if (got == 0) return unavailable("The control socket was closed by the peer.");
  if (errno == EAGAIN || errno == EWOULDBLOCK) return std::optional<std::size_t>{};
  return errno_error(ErrorCode::Unavailable, "The control socket is broken");
}

/// Waits for a packet or the end of the peer.
Result<void> wait_readable(int fd) {
  constexpr int kNoLimit = -1;
  pollfd waited{.fd = fd, .events = POLLIN, .revents = 0};
  while (::poll(&waited, 1, kNoLimit) < 0) {
    if (errno != EINTR) return errno_error(ErrorCode::Io, "Cannot wait on the control socket");
  }
  return {};
}

}  // namespace

Result<std::pair<ControlSocket, UniqueFd>> ControlSocket::create_pair() {
  std::array<int, 2> fds{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds.data()) != 0) {
    return errno_error(ErrorCode::LimitReached, "Cannot create a control socket");
  }
  return std::pair{ControlSocket{UniqueFd{fds[0]}}, UniqueFd{fds[1]}};
}

Result<void> ControlSocket::send_hello(const Hello& hello) {
  std::vector<std::byte> packet;
  WireWriter writer{packet};
  writer.u32(kHelloMagic);
  writer.u32(hello.layout_version);
  writer.u32(static_cast<std::uint32_t>(hello.pid));
  return send_packet(fd_.get(), packet, "Cannot send the hello");
}

Result<void> ControlSocket::send_start(const std::string& json) {
  if (json.size() > limits::kControlMessageBytes) {
    return Error{.code = ErrorCode::LimitReached,
                 .message = "The start message has " + std::to_string(json.size()) +
                            " bytes; at most " + std::to_string(limits::kControlMessageBytes) +
                            " can be sent.",
                 .field = {}};
  }
  return send_packet(fd_.get(), std::as_bytes(std::span{json}), "Cannot send the start message");
}

Result<std::optional<Hello>> ControlSocket::try_receive_hello() {
  std::array<std::byte, kHelloBytes> packet{};
  auto received = receive_packet(fd_.get(), packet);
  if (!received) return received.error();
  if (!*received) return std::optional<Hello>{};
  if (**received != kHelloBytes) return protocol_error("The worker's first message is no hello.");
  WireReader reader{packet};
  if (reader.u32("magic") != kHelloMagic) {
    return protocol_error("The worker's first message is no hello.");
  }
  Hello hello;
  hello.layout_version = reader.u32("layout_version");
  hello.pid = static_cast<std::int32_t>(reader.u32("pid"));
  return std::optional{hello};
}

Result<std::string> ControlSocket::receive_start() {
  std::string text(limits::kControlMessageBytes, '\0');
  for (;;) {
    if (auto ready = wait_readable(fd_.get()); !ready) return ready.error();
    auto received = receive_packet(fd_.get(), std::as_writable_bytes(std::span{text}));
    if (!received) return received.error();
    if (!*received) continue;  // a wake-up without a packet
    if (**received > text.size()) return protocol_error("The start message is too long.");
    text.resize(**received);
    return text;
  }
}

}  // namespace bulkhead::ipc
