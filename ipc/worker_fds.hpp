#pragma once

namespace bulkhead::ipc {

/// Descriptors a worker finds open when its main() starts, besides 0, 1 and 2 (/dev/null, and the
/// supervisor's stderr for what is said before the log is open). Nothing else is inherited.
enum WorkerFd : int {
  kControlFd = 3,          // SOCK_SEQPACKET: hello, start; end of file means the supervisor is gone
  kSegmentFd = 4,          // sealed memfd, laid out by ipc/shm_segment.hpp
  kCommandDoorbellFd = 5,  // worker's end of a Doorbell pair: supervisor -> worker
  kResultDoorbellFd = 6,   // worker's end of another pair: worker -> supervisor
  kFirstFreeFd = 7,
};

/// Exit codes the supervisor acts on; signals keep their usual meaning. A camera that is away is
/// no reason to exit: the worker reports it and goes on trying.
enum WorkerExit : int {
  kExitOk = 0,                // asked to stop, or the supervisor is gone
  kExitBadStart = 64,         // permanent: start message or segment not understood
  kExitVersionMismatch = 65,  // permanent: built with another layout version
  kExitModel = 66,            // permanent: the model cannot be used; the reason was reported
  kExitNotAChild = 67,        // started by hand, without its descriptors
  kExitInternal = 70,         // transient: a bug of ours or a library's exception
  kExitMemory =
      72,  // transient: an allocation was refused; see supervisor/process/worker_limits.hpp
};

}  // namespace bulkhead::ipc
