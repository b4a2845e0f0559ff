#pragma once

namespace bulkhead::supervisor {

/// Exit codes of bulkhead-supervisor, after sysexits.h. Scripts and service files rely on them.
enum ProgramExit : int {
  kExitStopped = 0,          // asked to stop, and stopped in order
  kExitUsage = 64,           // the command line is wrong
  kExitUnavailable = 69,     // the port is taken or may not be opened
  kExitInternal = 70,        // a failure of ours; worth starting again
  kExitNoWorker = 72,        // bulkhead-worker is not beside this program
  kExitStateDir = 73,        // the state directory cannot be made or written
  kExitAlreadyRunning = 75,  // another supervisor holds the state directory
  kExitConfig = 78,          // the configuration cannot be read or is refused
  // A second SIGTERM or SIGINT ends it at once with 128 + the signal's number.
};

}  // namespace bulkhead::supervisor
