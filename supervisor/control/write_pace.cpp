#include "supervisor/control/write_pace.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <algorithm>

namespace bulkhead::supervisor {

namespace {

constexpr int kLooksWithinLimit = 4;

}  // namespace

void FlushSize::taken(std::size_t bytes, std::chrono::steady_clock::duration took) noexcept {
  const auto seconds = std::chrono::duration<double>{took}.count();
  const double target = std::chrono::duration<double>{limits::kFlushTarget}.count();
  const double taken = static_cast<double>(bytes) * target / std::max(seconds, 1e-6);
  const auto most = static_cast<double>(std::min(2 * bytes_, limits::kFlushBytes));
  const auto least = static_cast<double>(limits::kLeastFlushBytes);
  bytes_ = static_cast<std::size_t>(std::clamp(taken, least, most));
}

bool WriteProgress::look(Clock::time_point began, std::size_t queued_bytes,
                         Clock::time_point now) noexcept {
  if (began != began_) {
    began_ = moved_ = began;
  } else if (queued_bytes != queued_bytes_) {
    moved_ = now;
  }
  queued_bytes_ = queued_bytes;
  return now - moved_ < limit_;
}

WriteProgress::Clock::time_point WriteProgress::next_look(Clock::time_point after) const noexcept {
  const auto soon = after + limit_ / kLooksWithinLimit;
  return moved_ + limit_ > after ? std::min(soon, moved_ + limit_) : soon;
}

std::size_t unacknowledged_bytes(int socket) noexcept {
  int bytes = 0;
  return ::ioctl(socket, SIOCOUTQ, &bytes) == 0 ? static_cast<std::size_t>(bytes) : 0;
}

}  // namespace bulkhead::supervisor
