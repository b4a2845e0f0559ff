#include "worker/exit_request.hpp"

#include <sys/eventfd.h>

namespace bulkhead::worker {

Result<ExitRequest> ExitRequest::create() {
  UniqueFd fd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!fd) return errno_error(ErrorCode::LimitReached, "eventfd");
  return ExitRequest{std::move(fd)};
}

void ExitRequest::request(ipc::WorkerExit code) noexcept {
  int expected = kNotRequested;
  if (!code_.compare_exchange_strong(expected, code, std::memory_order_acq_rel)) return;
  // Cannot fail: the counter of an eventfd that is written once is far from its end.
  (void)::eventfd_write(fd_.get(), 1);
}

std::optional<ipc::WorkerExit> ExitRequest::requested() const noexcept {
  const int code = code_.load(std::memory_order_acquire);
  if (code == kNotRequested) return std::nullopt;
  return static_cast<ipc::WorkerExit>(code);
}

}  // namespace bulkhead::worker
