#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <utility>

#include "common/result.hpp"
#include "common/unique_fd.hpp"

namespace bulkhead::ipc {

/// Wakes the consumer of a ring, and costs the producer a system call only while the consumer
/// sleeps. `sleeping` lives in shared memory beside the ring. One end per process; each end is
/// used by one thread. Owns neither the flag nor the descriptor.
///
/// Order that excludes a lost wake-up: the consumer sets `sleeping`, then looks at the ring once
/// more, then waits; the producer stores `tail`, then takes `sleeping`. Every change of the flag is
/// an acquire-release exchange, and all changes of one word have one order. If the producer's comes
/// later, it finds 1 and knocks. If the consumer's comes later, it has read from a chain that the
/// producer's exchange started, so the new `tail` is visible to the second look. (No fences:
/// ThreadSanitizer does not model them.)
///
/// The descriptors are the two ends of a socket pair and not one eventfd, because the flags of an
/// eventfd are shared by all who hold it: a worker could make it blocking, fill its counter and
/// stop the supervisor in write(2). Here each process has its own end and every call says
/// MSG_DONTWAIT. Datagrams, because a stream's end becomes readable for ever once the peer closes
/// it. A hostile peer can only cause needless or late wake-ups; every wait has a limit.
class Doorbell {
 public:
  /// Both ends, close-on-exec: the supervisor's, then the worker's.
  static Result<std::pair<UniqueFd, UniqueFd>> create_pair();

  Doorbell(std::atomic<std::uint32_t>* sleeping, int fd) noexcept : sleeping_{sleeping}, fd_{fd} {}

  /// Producer: after a push.
  void ring() noexcept;

  /// Consumer: about to sleep. False when `ready()` found work after all; then do not sleep.
  template <class Ready>
  [[nodiscard]] bool prepare_sleep(Ready ready) noexcept {
    sleeping_->exchange(1, std::memory_order_acq_rel);
    if (!ready()) return true;
    sleeping_->exchange(0, std::memory_order_acq_rel);
    return false;
  }

  /// Consumer: woken up or timed out; takes the knock.
  void clear() noexcept;

  /// Readable when the producer knocked; give it to the event loop or poll(2).
  [[nodiscard]] int fd() const noexcept { return fd_; }

 private:
  std::atomic<std::uint32_t>* sleeping_;
  int fd_;  // not owned
};

}  // namespace bulkhead::ipc
