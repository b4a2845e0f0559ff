#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/model_limits.hpp"
#include "common/result.hpp"
#include "common/unique_fd.hpp"
#include "ipc/control_socket.hpp"
#include "ipc/fetch_job.hpp"
#include "supervisor/process/worker_process.hpp"
#include "supervisor/session/descriptor_wait.hpp"

namespace bulkhead::supervisor {

/// The program that fetches, and what it may have.
struct FetchProgram {
  std::string executable;
  std::uint32_t uid = 0;  // whom it becomes; 0: nobody else
  std::uint32_t gid = 0;
  WorkerCgroups* cgroups = nullptr;  // null: what prlimit can do
};

/// One bulkhead-model-fetch from its start to its end. Past its job's time and a
/// grace it is killed. Owned by FetchQueue, used by the loop's thread; destroying it
/// kills the process.
class FetchRun {
 public:
  using Done = std::function<void(Result<ipc::FetchAnswer>)>;

  /// `file` as FetchJob says, not owned; it may be closed when this returns. `done`, on the loop,
  /// gets the answer, whose error is the result's; WorkerDied, OutOfMemory or Timeout where there
  /// is none. It may destroy the run. SpawnFailed, LimitReached.
  static Result<std::unique_ptr<FetchRun>> start(
      boost::asio::io_context& loop, const FetchProgram& program, const ipc::FetchJob& job,
      int file, Done done, std::chrono::milliseconds grace = limits::kFetchGrace);

  FetchRun(const FetchRun&) = delete;
  FetchRun& operator=(const FetchRun&) = delete;

 private:
  FetchRun(boost::asio::io_context& loop, ipc::ControlSocket socket, WorkerProcess process,
           Done done);
  void wait(std::chrono::milliseconds limit);
  void finish(const Result<ipc::FetchAnswer>& outcome);
  [[nodiscard]] Result<ipc::FetchAnswer> outcome();

  ipc::ControlSocket socket_;
  WorkerProcess process_;
  const Done done_;
  bool finished_ = false;
  DescriptorWait exit_wait_;
  boost::asio::steady_timer deadline_;
};

}  // namespace bulkhead::supervisor
