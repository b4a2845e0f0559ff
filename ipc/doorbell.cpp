#include "ipc/doorbell.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>

namespace bulkhead::ipc {

Result<std::pair<UniqueFd, UniqueFd>> Doorbell::create_pair() {
  std::array<int, 2> fds{};
  if (::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds.data()) != 0) {
    return errno_error(ErrorCode::LimitReached, "Cannot create a doorbell");
  }
  return std::pair{UniqueFd{fds[0]}, UniqueFd{fds[1]}};
}

void Doorbell::ring() noexcept {
  if (sleeping_->exchange(0, std::memory_order_acq_rel) == 0) return;
  const std::byte knock{1};
  // EAGAIN: knocks that nobody took are waiting, which wakes the peer as well. ECONNREFUSED: the
  // peer is gone, which its pidfd or the control socket tells.
  while (::send(fd_, &knock, sizeof knock, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

void Doorbell::clear() noexcept {
  sleeping_->exchange(0, std::memory_order_acq_rel);
  std::byte knock{};
  // One knock a wake-up is enough: an honest producer sends at most one per sleep, and a hostile
  // one can only wake us again.
  while (::recv(fd_, &knock, sizeof knock, MSG_DONTWAIT) < 0 && errno == EINTR) {
  }
}

}  // namespace bulkhead::ipc
