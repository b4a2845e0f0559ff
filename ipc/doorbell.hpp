#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "common/result.hpp"
#include "common/unique_fd.hpp"

namespace bulkhead::ipc {

/// Wakes the consumer of a ring through an eventfd, and costs the producer a system call only
/// while the consumer sleeps. `sleeping` lives in shared memory beside the ring.
///
/// Order that excludes a lost wake-up: the consumer sets `sleeping`, then looks at the ring once
/// more, then waits; the producer stores `tail`, then looks at `sleeping`. Both have a sequentially
/// consistent fence between their two steps, so at least one sees the other. A hostile peer can
/// only cause needless or late wake-ups; every wait has a limit.
class Doorbell {
 public:
  /// Nonblocking, close-on-exec eventfd.
  static Result<UniqueFd> create_fd();

  Doorbell(std::atomic<std::uint32_t>* sleeping, int fd) noexcept : sleeping_{sleeping}, fd_{fd} {}

  /// Producer: after a push.
  void ring() noexcept;

  /// Consumer: about to sleep. False when `ready()` found work after all; then do not sleep.
  template <class Ready>
  [[nodiscard]] bool prepare_sleep(Ready ready) noexcept {
    sleeping_->store(1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (!ready()) return true;
    sleeping_->store(0, std::memory_order_relaxed);
    return false;
  }

  /// Consumer: woken up or timed out; resets the eventfd.
  void clear() noexcept;

  [[nodiscard]] int fd() const noexcept { return fd_; }

 private:
  std::atomic<std::uint32_t>* sleeping_;
  int fd_;  // not owned
};

}  // namespace bulkhead::ipc
