#pragma once

#include <sys/types.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/result.hpp"
#include "common/unique_fd.hpp"
#include "supervisor/session/descriptor_wait.hpp"
#include "supervisor/upgrade/next_program.hpp"
#include "supervisor/upgrade/upgrade_limits.hpp"

namespace bulkhead::supervisor {

/// The next program, started beside this one to read what it would get. It opens nothing of ours,
/// says its version or why it cannot go on, and ends. Past its time it is killed.
///
/// Owned by Supervisor, used by the loop's thread; destroying it kills the process.
class DryRun {
 public:
  /// `memory` as `bequeath` gave it, not owned; it may be closed when this returns. `done`, on the
  /// loop, gets the version of the next program; Unavailable with what it said, Timeout. It may
  /// destroy the dry run. SpawnFailed.
  static Result<std::unique_ptr<DryRun>> start(boost::asio::io_context& loop,
                                               const NextProgram& next, int memory,
                                               std::function<void(Result<std::string>)> done,
                                               std::chrono::milliseconds limit = kDryRunTime);
  ~DryRun();
  DryRun(const DryRun&) = delete;
  DryRun& operator=(const DryRun&) = delete;

 private:
  DryRun(boost::asio::io_context& loop, pid_t pid, UniqueFd pidfd, UniqueFd output,
         std::function<void(Result<std::string>)> done, std::chrono::milliseconds limit);
  void wait();
  void finish(const Result<std::string>& outcome);
  [[nodiscard]] Result<std::string> outcome() const;
  void reap() noexcept;

  const pid_t pid_;
  const UniqueFd pidfd_;
  const UniqueFd output_;
  const std::function<void(Result<std::string>)> done_;
  int status_ = -1;  // exit code; -1: it runs, or a signal ended it
  bool reaped_ = false;
  DescriptorWait exit_wait_;
  boost::asio::steady_timer deadline_;
};

}  // namespace bulkhead::supervisor
