#pragma once

#include <optional>
#include <string>

#include "common/error.hpp"
#include "ipc/record.hpp"
#include "supervisor/process/worker_process.hpp"
#include "supervisor/session/restart_policy.hpp"

namespace bulkhead::supervisor {

/// All that is known of why a worker ended.
struct EndEvidence {
  ExitStatus exit;
  std::optional<Error> killed_for{};  // why the supervisor ended it by force
  std::optional<ipc::Fatal> fatal{};  // its last words
  bool asked = false;                 // it was asked to stop
};

struct WorkerEnd {
  ErrorCode reason = ErrorCode::None;  // None: it ended as asked
  std::string text;
  EndKind kind = EndKind::Transient;
};

/// The one classification of ends. Our own reason to kill comes first, then the worker's last
/// words, then what its exit code or signal says.
[[nodiscard]] WorkerEnd classify_end(const EndEvidence& evidence);

}  // namespace bulkhead::supervisor
