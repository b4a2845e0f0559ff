#include "worker/exit_code.hpp"

namespace bulkhead::worker {

ipc::WorkerExit exit_code_of_start(const Error& error) noexcept {
  if (error.code == ErrorCode::VersionMismatch) return ipc::kExitVersionMismatch;
  const bool permanent = persistence_of(error.code) == Persistence::Permanent;
  // A segment that is no segment will not become one: its supervisor was built differently.
  if (permanent || error.code == ErrorCode::Corrupt) return ipc::kExitBadStart;
  return ipc::kExitInternal;
}

ipc::WorkerExit exit_code_of_model(const Error& error) noexcept {
  return persistence_of(error.code) == Persistence::Permanent ? ipc::kExitModel
                                                              : ipc::kExitInternal;
}

}  // namespace bulkhead::worker
