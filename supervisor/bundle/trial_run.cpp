#include "supervisor/bundle/trial_run.hpp"

#include <boost/asio/post.hpp>
#include <utility>
#include <variant>

#include "common/limits.hpp"
#include "common/redaction.hpp"
#include "ipc/record.hpp"
#include "ipc/start_message.hpp"

namespace bulkhead::supervisor {

namespace {

ipc::StartMessage trial_of(const SessionEnvironment& environment, const PipelineSpec& pipeline) {
  // Never connected to: nobody tells this worker to open its camera.
  SessionSpec spec{.id = SubscriptionId::parse("bundle-trial").value(),
                   .url = RtspUrl::parse("rtsp://127.0.0.1/").value(),
                   .pipeline = pipeline,
                   .pipeline_name = {}};
  return {.spec = std::move(spec),
          .log_file = environment.log_dir + "/detector_worker_bundle_trial.log",
          .log_max_bytes = environment.log_max_bytes,
          .log_backup_count = environment.log_backup_count,
          .model_dir = environment.model_dir,
          .model_catalog = environment.model_catalog,
          .addresses = environment.addresses,
          .hold_camera = true};
}

}  // namespace

Result<std::unique_ptr<TrialRun>> TrialRun::start(boost::asio::io_context& loop,
                                                  const SessionEnvironment& environment,
                                                  const PipelineSpec& pipeline, Done done,
                                                  std::chrono::milliseconds limit) {
  auto link = WorkerLink::start(loop, environment.worker);
  if (!link) return link.error();
  std::unique_ptr<TrialRun> trial{new TrialRun{loop, std::move(*link), std::move(done)}};
  trial->wait(limit);
  if (auto told = trial->link_->serve(trial_of(environment, pipeline).to_json()); !told) {
    return told.error();
  }
  return trial;
}

TrialRun::TrialRun(boost::asio::io_context& loop, std::shared_ptr<WorkerLink> link, Done done)
    : loop_{loop}, link_{std::move(link)}, done_{std::move(done)}, deadline_{loop} {}

TrialRun::~TrialRun() {
  if (!link_) return;
  // It keeps itself until the worker is gone, which nobody here waits for.
  link_->watch(
      {.record = [](const auto&) {},
       .broken = [](const auto&) {},
       .exited = [keep = link_, &loop = loop_](
                     const ExitStatus&) { boost::asio::post(loop, [keep] { keep->watch({}); }); }});
  link_->stop_reading();
  link_->kill();
}

void TrialRun::wait(std::chrono::milliseconds limit) {
  // The link is ours and is let go of before we end.
  link_->watch({.record = [this](const auto& taken) { on_record(taken); },
                .broken = [this](const Error& error) { finish(error); },
                .exited = [this](const ExitStatus& exit) { on_exited(exit); }});
  deadline_.expires_after(limit);
  deadline_.async_wait([this](const boost::system::error_code& failure) {
    if (failure) return;
    finish(Error{ErrorCode::Timeout, "the models were not loaded in time", {}});
  });
}

void TrialRun::on_record(const ipc::PriorityConsumer::Taken& taken) {
  if (const auto* fatal = std::get_if<ipc::Fatal>(&taken.record.body)) {
    last_words_ = Error{fatal->reason, printable_text(fatal->text, limits::kReasonBytes), {}};
  } else if (std::holds_alternative<ipc::ModelLoaded>(taken.record.body)) {
    finish({});
  }
}

void TrialRun::on_exited(const ExitStatus& exit) {
  link_.reset();  // it has no more to say, and nobody would let go of it later
  if (last_words_) return finish(*last_words_);
  const auto code = exit.out_of_memory ? ErrorCode::OutOfMemory : ErrorCode::WorkerDied;
  finish(Error{code,
               "the worker that tried the models ended with " +
                   (exit.signal != 0 ? "signal " + std::to_string(exit.signal)
                                     : "code " + std::to_string(exit.code)),
               {}});
}

void TrialRun::finish(const Result<>& outcome) {
  if (std::exchange(finished_, true)) return;
  deadline_.cancel();
  boost::asio::post(loop_, [done = done_, outcome, alive = std::weak_ptr{alive_}] {
    if (!alive.expired()) done(outcome);
  });
}

}  // namespace bulkhead::supervisor
