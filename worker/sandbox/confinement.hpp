#pragma once

#include <sys/types.h>

#include "common/result.hpp"

namespace bulkhead::worker {

/// Gives up, before anything foreign is read, what a worker does not need:
///
///   - every descriptor but those of ipc/worker_fds.hpp, and those are closed on exec;
///   - life without its supervisor: the kernel kills the worker with the supervisor's thread that
///     started it. Should that have happened before this call, the control socket is at its end
///     already, which the first read from it finds;
///   - new privileges by exec;
///   - core files: they would hold the camera's password.
///
/// The process stays dumpable: the supervisor reads its memory figures from /proc, which the
/// kernel denies for others. Unavailable with the step that the kernel refused.
[[nodiscard]] Result<> confine_process();

/// Becomes the user of these numbers for good, without any further group, and without the
/// capabilities of the superuser. Before anything is opened that this user must be able to open
/// again. Unavailable with the step that the kernel refused: the operator asked for it, so a worker
/// does not go on without.
[[nodiscard]] Result<> become_user(uid_t uid, gid_t gid);

/// Signals of a worker: SIGTERM is blocked in all threads to come and left to the control loop's
/// signalfd; SIGINT and SIGHUP, which a terminal sends to all, and SIGPIPE are ignored.
[[nodiscard]] Result<> arrange_signals();

/// Tells libraries, in the only way they listen to, to do nothing behind the worker's back: ONNX
/// Runtime not to report to its maker (the official build of 1.30 does, over the network and with
/// a number of the machine in the home directory), GLib not to ask a desktop for its settings and
/// proxies. Before there is a second thread.
void quiet_libraries() noexcept;

/// An allocation that the kernel refuses, at the memory limit, ends the process at once with
/// kExitMemory: nothing here could go on without it, and the supervisor learns why.
void end_when_out_of_memory() noexcept;

/// Keeps the process small: few malloc arenas, and large blocks (pictures) given back to the
/// kernel when freed, whatever sizes came before.
void tune_allocator() noexcept;

}  // namespace bulkhead::worker
