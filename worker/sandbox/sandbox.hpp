#pragma once

#include <filesystem>

#include "ipc/confined.hpp"
#include "ipc/start_message.hpp"
#include "worker/sandbox/sandbox_rules.hpp"

namespace bulkhead::worker {

/// Takes from this process all that its camera does not need: capabilities, files, ports and
/// system calls (capabilities.hpp, sandbox_rules.hpp, syscall_filter.hpp). Called once, by main(),
/// before anything foreign is read and before there is a second thread, for the kernel confines
/// the calling thread and those it starts.
///
/// Makes the cache's folder first, which an old-fashioned kernel could not allow otherwise. A step
/// that this kernel does not know or refuses is left out: a camera that is watched with less
/// confinement is better than one that is not watched. The answer says what was left out.
[[nodiscard]] ipc::Confined enter_sandbox(const ipc::StartMessage& start,
                                          const std::filesystem::path& cache_dir);

/// The same of a program with rules of its own, whose folders exist.
[[nodiscard]] ipc::Confined enter_sandbox(const SandboxRules& rules);

}  // namespace bulkhead::worker
