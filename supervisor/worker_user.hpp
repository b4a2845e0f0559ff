#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

#include "common/result.hpp"

namespace bulkhead::supervisor {

/// The account that workers run as; zeros: the supervisor's own.
struct WorkerUser {
  uid_t uid = 0;
  gid_t gid = 0;
};

/// Looks up `session_processes.worker_user`; an empty name is no other account. InvalidParams:
/// there is none of this name, it is the superuser's, or this supervisor may not start processes as
/// somebody else.
[[nodiscard]] Result<WorkerUser> find_worker_user(const std::string& name);

/// Lets workers reach the folders that they write, and nothing else in the state directory: they
/// may pass through it, but not list it. A folder that is still ours is given away with all that is
/// in it; one that is theirs already may hold what a worker put there, and is left as it is: so
/// after an upgrade, whose workers run already. Io with the path that could not be given away.
[[nodiscard]] Result<> hand_over(const std::filesystem::path& state_dir, const WorkerUser& user);

}  // namespace bulkhead::supervisor
