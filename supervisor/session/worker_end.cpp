#include "supervisor/session/worker_end.hpp"

#include <csignal>
#include <cstring>

#include "ipc/worker_fds.hpp"

namespace bulkhead::supervisor {

namespace {

std::string describe_signal(int number) {
  const char* name = ::sigabbrev_np(number);
  std::string text = "ended by " + (name != nullptr ? "SIG" + std::string{name}
                                                    : "signal " + std::to_string(number));
  if (number == SIGKILL) text += ", not by the supervisor: out of memory, or an operator";
  return text;
}

WorkerEnd classify_code(int code) {
  switch (code) {
    case ipc::kExitOk:
      return {ErrorCode::WorkerDied, "ended without being asked", EndKind::Transient};
    case ipc::kExitBadStart:
      return {ErrorCode::ProtocolError, "the worker did not understand its start message",
              EndKind::Permanent};
    case ipc::kExitVersionMismatch:
      return {ErrorCode::VersionMismatch, "the worker was built for another supervisor",
              EndKind::Permanent};
    case ipc::kExitModel:
      return {ErrorCode::ModelInvalid, "the model cannot be used", EndKind::Permanent};
    case ipc::kExitNotAChild:
      return {ErrorCode::ProtocolError, "the worker did not find its descriptors",
              EndKind::Permanent};
    case ipc::kExitMemory:
      return {ErrorCode::OutOfMemory, "it was refused memory at its limit", EndKind::Transient};
    default:
      return {ErrorCode::WorkerDied, "ended with exit code " + std::to_string(code),
              EndKind::Transient};
  }
}

}  // namespace

WorkerEnd classify_end(const EndEvidence& evidence) {
  const ExitStatus& exit = evidence.exit;
  if (evidence.killed_for) {
    const bool permanent = evidence.killed_for->code == ErrorCode::VersionMismatch;
    return {evidence.killed_for->code, evidence.killed_for->message,
            permanent ? EndKind::Permanent : EndKind::Transient};
  }
  if (exit.out_of_memory && exit.signal == SIGKILL) {
    return {ErrorCode::OutOfMemory,
            "killed by the kernel for want of memory, at the worker's limit or the machine's",
            EndKind::Transient};
  }
  // A worker that was asked before it could read commands is simply killed.
  const bool clean = exit.signal == 0 ? exit.code == ipc::kExitOk : exit.signal == SIGKILL;
  if (evidence.asked && clean) return {ErrorCode::None, "stopped as asked", EndKind::Transient};

  WorkerEnd end = exit.signal != 0 ? WorkerEnd{ErrorCode::WorkerDied, describe_signal(exit.signal)}
                                   : classify_code(exit.code);
  // It may have died of something else, but this is what an operator has to know first.
  if (exit.out_of_tasks) {
    end.reason = ErrorCode::LimitReached;
    end.text += ", after it was refused a process or a thread at its limit";
  }
  if (evidence.fatal) {
    end.reason = evidence.fatal->reason;
    end.text = evidence.fatal->text;
  }
  return end;
}

}  // namespace bulkhead::supervisor
