#pragma once

#include <filesystem>

#include "common/result.hpp"
#include "common/unique_fd.hpp"

namespace bulkhead::supervisor {

/// One supervisor for one state directory: an flock on `supervisor.lock` in it, which the kernel
/// releases however the process ends, so no stale lock is ever left. The file holds the pid of the
/// holder, for people; nothing decides by it.
class InstanceLock {
 public:
  /// AlreadyExists names the pid of the holder and what to do; Io where the file cannot be made.
  static Result<InstanceLock> acquire(const std::filesystem::path& state_dir);

  /// The lock that the program before in this process held; owns it. An flock stays with the open
  /// file over an exec.
  static InstanceLock resume(int descriptor) noexcept { return InstanceLock{UniqueFd{descriptor}}; }
  [[nodiscard]] int descriptor() const noexcept { return fd_.get(); }

 private:
  explicit InstanceLock(UniqueFd fd) noexcept : fd_{std::move(fd)} {}

  UniqueFd fd_;
};

}  // namespace bulkhead::supervisor
