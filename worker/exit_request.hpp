#pragma once

#include <atomic>
#include <optional>

#include "common/result.hpp"
#include "common/unique_fd.hpp"
#include "ipc/worker_fds.hpp"

namespace bulkhead::worker {

/// The door out of a worker: any thread may ask for the end, the first reason wins, and the
/// control loop, which alone ends the process, is woken by `fd`. Owned by Worker, outlives its
/// stages.
class ExitRequest {
 public:
  static Result<ExitRequest> create();

  ExitRequest(ExitRequest&& other) noexcept
      : fd_{std::move(other.fd_)}, code_{other.code_.load(std::memory_order_relaxed)} {}

  void request(ipc::WorkerExit code) noexcept;

  [[nodiscard]] std::optional<ipc::WorkerExit> requested() const noexcept;

  /// Readable once an end was asked for, and for ever after.
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
  static constexpr int kNotRequested = -1;

  explicit ExitRequest(UniqueFd fd) noexcept : fd_{std::move(fd)} {}

  UniqueFd fd_;
  std::atomic<int> code_{kNotRequested};
};

}  // namespace bulkhead::worker
