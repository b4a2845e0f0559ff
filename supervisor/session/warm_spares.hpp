#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/backoff.hpp"
#include "supervisor/session/session_limits.hpp"
#include "supervisor/session/worker_link.hpp"

namespace spdlog {
class logger;
}

namespace bulkhead::supervisor {

/// Started workers without a session, so that a start pays neither for linking nor for the scan of
/// plug-ins. Filled when no worker has been started for a while (SpareLimits), one at a time: a
/// worker that a camera waits for has the processor first. Where spares die they are retried ever
/// more rarely, and sessions start their workers themselves, as they do when there is no spare.
///
/// Owned by SessionTable, used by the loop's thread.
class WarmSpares {
 public:
  /// `count` 0: none at all. `log` may be null.
  WarmSpares(boost::asio::io_context& loop, WorkerLink::Program program, std::size_t count,
             const SpareLimits& limits, std::shared_ptr<spdlog::logger> log);

  /// One that has said hello and can be told its session at once; null: there is none now.
  std::shared_ptr<WorkerLink> take();

  [[nodiscard]] std::size_t ready() const;

  /// Those that there are, ready or not.
  [[nodiscard]] std::vector<std::shared_ptr<WorkerLink>> links() const;

  /// Ends them all and makes no more.
  void close();

 private:
  struct Spare {
    std::shared_ptr<WorkerLink> link;
    std::int64_t hello_deadline_ns;
  };

  void refill_in(std::chrono::milliseconds delay);
  void refill();
  void give_up(WorkerLink& link, const std::string& why) const;
  void on_exited(const WorkerLink& link, const ExitStatus& exit);

  boost::asio::io_context& loop_;
  const WorkerLink::Program program_;
  const std::size_t count_;
  const SpareLimits limits_;
  const std::shared_ptr<spdlog::logger> log_;
  Backoff retry_;
  bool closed_ = false;
  std::vector<Spare> spares_;
  boost::asio::steady_timer refill_;
};

}  // namespace bulkhead::supervisor
