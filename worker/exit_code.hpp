#pragma once

#include "common/error.hpp"
#include "ipc/worker_fds.hpp"

namespace bulkhead::worker {

/// The exit code for a failure of the start message, the segment or the source's address.
[[nodiscard]] ipc::WorkerExit exit_code_of_start(const Error& error) noexcept;

/// The exit code for a failure of the model, at load or at its first picture. What a second try
/// may cure (no memory, no disk) is kExitInternal, so that the supervisor tries again.
[[nodiscard]] ipc::WorkerExit exit_code_of_model(const Error& error) noexcept;

}  // namespace bulkhead::worker
