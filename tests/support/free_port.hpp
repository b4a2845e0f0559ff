#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <stdexcept>

#include "common/unique_fd.hpp"

namespace bulkhead::test {

/// A socket bound to a free port of loopback; it does not listen yet.
inline UniqueFd bound_socket(std::uint16_t& port) {
  UniqueFd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(socket.get(), any, size) != 0 || ::getsockname(socket.get(), any, &size) != 0) {
    throw std::runtime_error{"no free port"};
  }
  port = ntohs(address.sin_port);
  return socket;
}

/// A port of loopback on which nobody listens, for a server that cannot choose one itself.
inline std::uint16_t free_port() {
  std::uint16_t port = 0;
  bound_socket(port);
  return port;
}

}  // namespace bulkhead::test
