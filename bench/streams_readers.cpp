#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.hpp"
#include "common/unique_fd.hpp"

// The readers of bench/streams.py: one thread, so light that the server is what is measured. Opens
// COUNT WebSocket connections, sends each one REQUEST, and counts what comes. Of these STOPPED
// never read on. Obeys lines of its input:
//
//   measure SECONDS   answers "DELIVERED MICROSECONDS p50_US p99_US": frames that came, the time,
//                     and how old they were by their tsCapture
//
//   streams_readers PORT COUNT STOPPED REQUEST

namespace bulkhead {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kSampleEach = 16;  // frames whose age is looked at
constexpr std::string_view kStamp = R"("tsCapture":")";

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

/// "2026-01-05T12:00:00.123456Z" in nanoseconds; 0 where it is none.
std::int64_t wall_of(std::string_view text) {
  constexpr std::size_t kLength = 26;
  if (text.size() < kLength) return 0;
  const auto number = [&](std::size_t at, std::size_t digits) {
    int value = 0;
    std::from_chars(text.data() + at, text.data() + at + digits, value);
    return value;
  };
  std::tm date{};
  date.tm_year = number(0, 4) - 1900;
  date.tm_mon = number(5, 2) - 1;
  date.tm_mday = number(8, 2);
  date.tm_hour = number(11, 2);
  date.tm_min = number(14, 2);
  date.tm_sec = number(17, 2);
  return std::int64_t{::timegm(&date)} * kNsPerSecond + std::int64_t{number(20, 6)} * 1000;
}

/// Takes frames apart as their bytes come, and keeps none of them.
class FrameCounter {
 public:
  template <class Seen>
  void take(std::string_view bytes, const Seen& seen) {
    while (!bytes.empty()) {
      if (left_ > 0) {
        const std::size_t skipped = std::min<std::size_t>(left_, bytes.size());
        left_ -= skipped;
        bytes.remove_prefix(skipped);
        continue;
      }
      head_.push_back(bytes.front());
      bytes.remove_prefix(1);
      if (const auto length = length_of(head_)) {
        head_.clear();
        left_ = *length;
        seen(bytes.substr(0, std::min<std::size_t>(left_, bytes.size())));
      }
    }
  }

 private:
  static std::optional<std::uint64_t> length_of(const std::string& head) {
    if (head.size() < 2) return std::nullopt;
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(head[i]); };
    const std::size_t more = byte(1) == 127 ? 8 : byte(1) == 126 ? 2 : 0;
    if (head.size() < 2 + more) return std::nullopt;
    if (more == 0) return byte(1);
    std::uint64_t length = 0;
    for (std::size_t i = 0; i < more; ++i) length = length << 8U | byte(2 + i);
    return length;
  }

  std::string head_;
  std::uint64_t left_ = 0;
};

UniqueFd connect_to(std::uint16_t port) {
  UniqueFd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    fail("connect");
  }
  return fd;
}

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) fail("send");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

/// A masked text frame; a mask of zeros is as valid as any.
std::string text_frame(std::string_view text) {
  std::string frame{'\x81'};
  if (text.size() < 126) {
    frame += static_cast<char>(0x80U | text.size());
  } else {
    frame += '\xFE';
    frame += static_cast<char>(text.size() >> 8U);
    frame += static_cast<char>(text.size() & 0xFFU);
  }
  frame.append(4, '\0');
  frame += text;
  return frame;
}

UniqueFd open_reader(std::uint16_t port, std::string_view request) {
  UniqueFd fd = connect_to(port);
  send_all(fd.get(),
           "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n");
  std::string head;
  while (!head.ends_with("\r\n\r\n")) {
    char byte = 0;
    if (::recv(fd.get(), &byte, 1, 0) != 1) fail("upgrade");
    head += byte;
  }
  if (!request.empty()) send_all(fd.get(), text_frame(request));
  return fd;
}

class Readers {
 public:
  Readers(std::uint16_t port, std::size_t count, std::size_t stopped, std::string_view request)
      : epoll_{::epoll_create1(EPOLL_CLOEXEC)}, counters_(count) {
    for (std::size_t i = 0; i < count; ++i) {
      sockets_.push_back(open_reader(port, request));
      if (i < stopped) continue;
      ::fcntl(sockets_.back().get(), F_SETFL, O_NONBLOCK);
      epoll_event wanted{.events = EPOLLIN, .data = {.u64 = i}};
      if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, sockets_.back().get(), &wanted) != 0) {
        fail("epoll_ctl");
      }
    }
    epoll_event wanted{.events = EPOLLIN, .data = {.u64 = kInput}};
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, STDIN_FILENO, &wanted) != 0) fail("stdin");
  }

  /// Until the input ends.
  void run() {
    std::array<epoll_event, 256> events{};
    while (true) {
      const int timeout = measuring_ ? 10 : -1;
      const int ready = ::epoll_wait(epoll_.get(), events.data(), events.size(), timeout);
      if (ready < 0 && errno != EINTR) fail("epoll_wait");
      for (int i = 0; i < ready; ++i) {
        if (events[static_cast<std::size_t>(i)].data.u64 == kInput) {
          if (!obey()) return;
        } else {
          read_from(events[static_cast<std::size_t>(i)].data.u64);
        }
      }
      if (measuring_ && Clock::now() >= until_) answer();
    }
  }

 private:
  static constexpr std::uint64_t kInput = UINT64_MAX;

  bool obey() {
    std::array<char, 64> line{};
    const ssize_t got = ::read(STDIN_FILENO, line.data(), line.size() - 1);
    if (got <= 0) return false;
    double seconds = 0;
    if (std::sscanf(line.data(), "measure %lf", &seconds) != 1) return false;
    delivered_ = 0;
    ages_us_.clear();
    began_ = Clock::now();
    until_ = began_ + std::chrono::microseconds{static_cast<std::int64_t>(seconds * 1e6)};
    measuring_ = true;
    return true;
  }

  void answer() {
    measuring_ = false;
    const std::chrono::duration<double, std::micro> took = Clock::now() - began_;
    std::sort(ages_us_.begin(), ages_us_.end());
    const auto at = [&](double q) {
      if (ages_us_.empty()) return 0.0;
      const auto last = static_cast<double>(ages_us_.size() - 1);
      return ages_us_[static_cast<std::size_t>(q * last)];
    };
    std::printf("%llu %.0f %.0f %.0f\n", static_cast<unsigned long long>(delivered_), took.count(),
                at(0.5), at(0.99));
    std::fflush(stdout);
  }

  void read_from(std::uint64_t index) {
    const ssize_t got = ::recv(sockets_[index].get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, sockets_[index].get(), nullptr);
      std::fprintf(stderr, "reader %llu was cut\n", static_cast<unsigned long long>(index));
      return;
    }
    const std::int64_t now_ns = wall_ns();
    counters_[index].take({buffer_.data(), static_cast<std::size_t>(got)},
                          [&](std::string_view payload) {
                            if (++delivered_ % kSampleEach == 0) look(payload, now_ns);
                          });
  }

  void look(std::string_view payload, std::int64_t now_ns) {
    const std::size_t at = payload.find(kStamp);
    if (at == std::string_view::npos) return;  // another message, or cut in two by this read
    const std::int64_t sent_ns = wall_of(payload.substr(at + kStamp.size()));
    if (sent_ns > 0) ages_us_.push_back(static_cast<double>(now_ns - sent_ns) / 1e3);
  }

  UniqueFd epoll_;
  std::vector<UniqueFd> sockets_;
  std::vector<FrameCounter> counters_;
  std::array<char, 256 * 1024> buffer_{};
  bool measuring_ = false;
  Clock::time_point began_;
  Clock::time_point until_;
  std::uint64_t delivered_ = 0;
  std::vector<double> ages_us_;
};

}  // namespace
}  // namespace bulkhead

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "streams_readers PORT COUNT STOPPED REQUEST\n");
    return 64;
  }
  const auto number = [&](int i) { return std::strtoul(argv[i], nullptr, 10); };
  bulkhead::Readers readers{static_cast<std::uint16_t>(number(1)), number(2), number(3), argv[4]};
  std::printf("ready\n");
  std::fflush(stdout);
  readers.run();
}
