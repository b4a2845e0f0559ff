#include "supervisor/service_notifier.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace bulkhead::supervisor {

namespace {

// Before there is a second thread; nobody changes the environment later.
std::string_view environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  return value == nullptr ? std::string_view{} : std::string_view{value};
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::chrono::milliseconds> watchdog_interval() {
  const auto microseconds = number_of(environment("WATCHDOG_USEC"));
  if (!microseconds || *microseconds == 0) return std::nullopt;
  const std::string_view watched = environment("WATCHDOG_PID");
  if (!watched.empty() && number_of(watched) != static_cast<std::uint64_t>(::getpid())) {
    return std::nullopt;
  }
  // A day is no watch any more, and keeps the arithmetic of the timer sound.
  constexpr std::uint64_t kLongestUs = 24ULL * 3600 * 1'000'000;
  const std::chrono::microseconds half{std::min(*microseconds, kLongestUs) / 2};
  return std::max(std::chrono::duration_cast<std::chrono::milliseconds>(half),
                  std::chrono::milliseconds{1});
}

}  // namespace

ServiceNotifier ServiceNotifier::from_environment() {
  ServiceNotifier notifier;
  const std::string_view address = environment("NOTIFY_SOCKET");
  // An absolute path, or '@' and a name in the abstract space.
  const bool usable = address.size() > 1 && (address[0] == '/' || address[0] == '@') &&
                      address.size() < sizeof(sockaddr_un::sun_path);
  if (!usable) return notifier;
  notifier.socket_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  notifier.address_ = address;
  notifier.alive_interval_ = watchdog_interval();
  return notifier;
}

void ServiceNotifier::ready() const noexcept { send("READY=1"); }

void ServiceNotifier::alive() const noexcept { send("WATCHDOG=1"); }

void ServiceNotifier::stopping() const noexcept { send("STOPPING=1"); }

void ServiceNotifier::send(std::string_view text) const noexcept {
  if (!socket_) return;
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, address_.data(), address_.size());
  if (to.sun_path[0] == '@') to.sun_path[0] = '\0';
  const auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  // Lost where its queue is full: the next one says as much.
  (void)::sendto(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr*>(&to), bytes);
}

}  // namespace bulkhead::supervisor
