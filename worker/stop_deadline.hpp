#pragma once

#include <chrono>

#include "ipc/worker_fds.hpp"

namespace bulkhead::worker {

/// Ends the process with `code` after `limit`, whatever its threads are stuck in: GStreamer cannot
/// be made to stop, and model loading cannot be interrupted. Called once, by the main thread, when
/// an orderly stop begins. Uses SIGALRM.
void arm_stop_deadline(std::chrono::milliseconds limit, ipc::WorkerExit code) noexcept;

}  // namespace bulkhead::worker
