#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "common/unique_fd.hpp"
#include "tests/support/hang_limit.hpp"

namespace bulkhead::test {

/// A service manager as far as a service sees it: the socket, and the environment of this process
/// and its children as long as this object lives.
class NotifySocket {
 public:
  /// `address` as in NOTIFY_SOCKET: a path, or '@' and a name.
  explicit NotifySocket(const std::string& address)
      : socket_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)} {
    sockaddr_un own{};
    own.sun_family = AF_UNIX;
    EXPECT_LT(address.size(), sizeof own.sun_path);
    std::memcpy(own.sun_path, address.data(), std::min(address.size(), sizeof own.sun_path - 1));
    if (own.sun_path[0] == '@') own.sun_path[0] = '\0';
    const auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&own), bytes), 0) << address;
    ::setenv("NOTIFY_SOCKET", address.c_str(), 1);
  }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;
  ~NotifySocket() {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(name);
  }

  /// The next message; empty where none comes.
  std::string next() const {
    pollfd readable{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&readable, 1, static_cast<int>(std::chrono::milliseconds{kHangLimit}.count())) !=
        1) {
      return {};
    }
    std::array<char, 256> text{};
    const ssize_t got = ::recv(socket_.get(), text.data(), text.size(), 0);
    return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
  }

 private:
  UniqueFd socket_;
};

}  // namespace bulkhead::test
