#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "common/bundle_limits.hpp"
#include "common/pipeline_spec.hpp"
#include "common/result.hpp"
#include "supervisor/session/session_environment.hpp"
#include "supervisor/session/worker_link.hpp"

namespace bulkhead::supervisor {

/// A worker without a camera, that loads all models of a pipeline and runs each once on an empty
/// picture, as every worker does before it connects; then it is killed. Owned by BundleStore, used
/// by the loop's thread; destroying it kills the worker.
class TrialRun {
 public:
  using Done = std::function<void(Result<>)>;

  /// `done`, on a later turn of the loop, gets what the worker says of the models; Timeout,
  /// WorkerDied, or what else became of it. It may destroy the trial. SpawnFailed, LimitReached.
  static Result<std::unique_ptr<TrialRun>> start(
      boost::asio::io_context& loop, const SessionEnvironment& environment,
      const PipelineSpec& pipeline, Done done,
      std::chrono::milliseconds limit = limits::kTrialTime);
  TrialRun(const TrialRun&) = delete;
  TrialRun& operator=(const TrialRun&) = delete;
  ~TrialRun();

  /// The worker, which outlives this object by the time it takes to die.
  [[nodiscard]] std::weak_ptr<WorkerLink> link() const noexcept { return link_; }

 private:
  TrialRun(boost::asio::io_context& loop, std::shared_ptr<WorkerLink> link, Done done);
  void wait(std::chrono::milliseconds limit);
  void on_record(const ipc::PriorityConsumer::Taken& taken);
  void on_exited(const ExitStatus& exit);
  void finish(const Result<>& outcome);

  boost::asio::io_context& loop_;
  std::shared_ptr<WorkerLink> link_;
  const Done done_;
  std::optional<Error> last_words_;
  bool finished_ = false;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
  boost::asio::steady_timer deadline_;
};

}  // namespace bulkhead::supervisor
