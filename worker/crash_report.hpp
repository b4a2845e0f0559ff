#pragma once

#include <string>

#include "common/ids.hpp"

namespace bulkhead::worker {

/// From this call on, a worker that dies of SIGSEGV, SIGBUS, SIGILL, SIGFPE or SIGABRT first writes
/// the signal, the address and the stack of the thread to its camera's log; of all threads, where
/// it is aborted from outside because one of them hangs. That is all there is of a crash: a core
/// file would hold the camera's password, so there is none. Frames are written as module+offset,
/// for addr2line, with the function's name where the module exports it.
///
/// Called once, by the main thread, when the log is open. What runs in the crashed process
/// allocates nothing and takes no lock of ours. Should it hang all the same, in the loader's lock
/// or on a disk, the supervisor's grace ends it with SIGKILL. A stack that overflowed is not
/// reported: each of GStreamer's threads would need a second one for it.
void report_crashes(const std::string& log_file, const SubscriptionId& session,
                    Generation generation);

}  // namespace bulkhead::worker
