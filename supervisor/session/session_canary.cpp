// A second model on trial beside the one that a session runs: in its worker, on a sample of its
// frames. Whatever becomes of it, the session goes on as it was until it is promoted.

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/canary_limits.hpp"
#include "common/clock.hpp"
#include "common/limits.hpp"
#include "common/model_url.hpp"
#include "common/redaction.hpp"
#include "supervisor/model/model_store.hpp"
#include "supervisor/session/session.hpp"

namespace bulkhead::supervisor {

namespace {

namespace fs = std::filesystem;

bool is_beneath(const fs::path& path, const fs::path& folder) {
  const fs::path relative = path.lexically_normal().lexically_relative(folder.lexically_normal());
  return !relative.empty() && *relative.begin() != "..";
}

bool is_one_of(const std::string& model, const std::vector<std::string>& models) {
  return std::ranges::find(models, model) != models.end();
}

/// A worker knows when it starts what it may read. Names and paths without a root lie beneath the
/// folder of models, URLs in that of fetched ones.
Result<> check_readable(const std::string& model, const PipelineSpec& served,
                        const std::string& model_dir) {
  const fs::path path{model};
  const bool is_readable = is_model_url(model) || !path.is_absolute() ||
                           is_beneath(path, model_dir) || is_one_of(model, models_of(served));
  if (is_readable) return {};
  return Error{ErrorCode::InvalidParams,
               "params.model: the worker that runs may read no file there; put it into " +
                   model_dir + ", or name it by its URL",
               "params.model"};
}

bool has_engine_of_one_thread(const PipelineSpec& pipeline) {
  return pipeline.detect.intra_op_threads == 1;
}

/// What the worker is told of `pipeline`. An engine with other threads would change those of the
/// session's own, for some of them are the process's.
ipc::StartCanary command_of(const CanaryTrial& canary, const PipelineSpec& served) {
  ipc::StartCanary start{.pipeline = canary.pipeline, .every_n = canary.view.every_n};
  start.pipeline.crops.clear();
  start.pipeline.detect.intra_op_threads = served.detect.intra_op_threads;
  return start;
}

Result<> check_size(const ipc::StartCanary& start) {
  constexpr bool kAscii = true;
  if (start.pipeline.to_json().dump(-1, ' ', kAscii).size() <= limits::kCanaryPipelineBytes) {
    return {};
  }
  return Error{ErrorCode::InvalidParams,
               "params.pipeline: its root has more than " +
                   std::to_string(limits::kCanaryPipelineBytes) +
                   " bytes; leave out labels or classes",
               "params.pipeline"};
}

}  // namespace

Result<> Session::start_canary(CanaryRequest request) {
  if (canary_ && is_open(canary_->view.state)) {
    return Error{ErrorCode::AlreadyExists,
                 "there is a canary, it is " + std::string{name_of(canary_->view.state)} +
                     "; promote it or roll it back",
                 {}};
  }
  const bool is_settled = present_ && present_->model() && is_running(condition_.state) &&
                          !successor_ && !awaited_ && !pending_restart_;
  if (!is_settled) {
    return Error{ErrorCode::Unavailable,
                 "a canary needs a worker that has loaded its model and is not being replaced",
                 {}};
  }
  const auto readable =
      check_readable(request.pipeline.detect.model, *spec_.pipeline, environment_.model_dir);
  if (!readable) return readable.error();
  if (request.rule && request.rule->max_cost_ratio && !has_engine_of_one_thread(*spec_.pipeline)) {
    return Error{
        ErrorCode::InvalidParams,
        "params.rule.maxCostRatio: the cost of engines with more than one thread is not known; "
        "leave it out",
        "params.rule.maxCostRatio"};
  }
  CanaryTrial canary{.number = ++canaries_,
                     .pipeline = std::move(request.pipeline),
                     .pipeline_name = std::move(request.pipeline_name),
                     .view = {}};
  canary.view = {.model = canary.pipeline.detect.model,
                 .sha256 = {},
                 .every_n = request.every_n,
                 .rule = request.rule,
                 .since_wall_ns = wall_ns(),
                 .reason_text = {}};
  const ipc::StartCanary start = command_of(canary, *spec_.pipeline);
  if (const auto fits = check_size(start); !fits) return fits.error();
  canary_ = std::move(canary);
  log("canary LOADING model=\"" + canary_->view.model + '"');
  tell_state(condition_.state, false);
  const auto urls = model_urls_of(start.pipeline);
  if (!urls.empty() && environment_.models != nullptr && !environment_.models->has(urls)) {
    canary_->view.reason_text = "fetching model";
    environment_.models->fetch(
        urls, [weak = weak_from_this(), number = canaries_](const Result<>& fetched) {
          const auto self = weak.lock();
          if (self && self->has_open_canary(number)) self->on_canary_fetched(fetched);
        });
    return {};
  }
  auto told = tell_canary();
  if (!told) canary_.reset();
  return told;
}

bool Session::has_open_canary(std::uint64_t number) const {
  return canary_ && canary_->number == number && canary_->view.state == CanaryState::Loading;
}

void Session::on_canary_fetched(const Result<>& fetched) {
  canary_->view.reason_text.clear();
  const auto told = fetched ? tell_canary() : fetched;
  if (!told) end_canary(told.error());
}

Result<> Session::tell_canary() {
  const std::int64_t deadline_ns =
      monotonic_ns() + std::chrono::nanoseconds{limits::kReconfigureTime}.count();
  const auto id =
      pending_.add(deadline_ns, [this, number = canary_->number](const Result<>& answer) {
        if (!has_open_canary(number)) return;
        canary_->is_told = answer.has_value();
        if (!answer) end_canary(answer.error());
      });
  if (!id) return id.error();
  const bool sent = present_ && present_->send({.request_id = *id,
                                                .deadline_ns = deadline_ns,
                                                .body = command_of(*canary_, *spec_.pipeline)});
  if (sent) return {};
  const Error busy{ErrorCode::Unavailable, "the worker takes no commands now", {}};
  pending_.fail(*id, busy);
  return busy;
}

Result<> Session::promote_canary() {
  if (!canary_ || !is_open(canary_->view.state)) {
    return Error{ErrorCode::Unavailable, "there is no canary to promote", {}};
  }
  const CanaryState state = canary_->view.state;
  if (state != CanaryState::Running && state != CanaryState::Passed) {
    return Error{ErrorCode::Unavailable,
                 "the canary is " + std::string{name_of(state)} + "; wait until it has seen frames",
                 {}};
  }
  if (successor_ || awaited_ || pending_restart_) {
    return Error{ErrorCode::Unavailable, "the worker is being replaced; try again then", {}};
  }
  SessionSpec promoted = spec_;
  promoted.pipeline = canary_->pipeline;
  promoted.pipeline_name = canary_->pipeline_name;
  const auto possible = possible_change(promoted);
  if (!possible) return possible.error();
  if (*possible == Reconfiguration::Replace) {
    return Error{ErrorCode::Unavailable,
                 "the session is " + std::string{name_of(condition_.state)} +
                     ", so that a worker with the model could not show that it works",
                 {}};
  }
  stop_canary_in_worker();
  enter_canary(CanaryState::Promoting, {ErrorCode::None, {}, {}});
  // Told first: where it does not work out, what is served is told after it.
  if (events_.promoted) events_.promoted(promoted);
  const auto how = reconfigure(std::move(promoted), [](const Result<>&) {});
  settle_canary();
  return how ? Result<>{} : Result<>{how.error()};
}

Result<> Session::roll_back_canary() {
  if (!canary_) return Error{ErrorCode::Unavailable, "there is no canary to roll back", {}};
  if (canary_->view.state == CanaryState::Promoting) {
    return Error{ErrorCode::Unavailable,
                 "a worker with the model takes over now; session.reconfigure goes back",
                 {}};
  }
  if (is_open(canary_->view.state)) stop_canary_in_worker();
  log("canary rolled back");
  canary_.reset();
  return {};
}

void Session::on_canary_report(const Incarnation& worker, const ipc::CanaryReport& report) {
  const bool is_awaited =
      is_present(worker) && canary_ && canary_->is_told &&
      (canary_->view.state == CanaryState::Loading || canary_->view.state == CanaryState::Running);
  if (!is_awaited) return;  // of one before, or not heard of its end yet
  CanaryView& view = canary_->view;
  view.sha256 = report.sha256;
  view.figures = figures_of(report, has_engine_of_one_thread(*spec_.pipeline));
  if (report.phase == ipc::CanaryPhase::Failed) {
    return enter_canary(CanaryState::Failed,
                        {report.reason, printable_text(report.text, limits::kReasonBytes), {}});
  }
  if (report.phase != ipc::CanaryPhase::Running) return;
  if (view.state == CanaryState::Loading) {
    enter_canary(CanaryState::Running, {ErrorCode::None, {}, {}});
  }
  if (view.rule) follow_rule(judge(*view.rule, view.figures));
}

void Session::follow_rule(const CanaryJudgement& judgement) {
  switch (judgement.verdict) {
    case CanaryVerdict::Open:
      return;
    case CanaryVerdict::Fail:
      return end_canary({ErrorCode::None, judgement.text, {}});
    case CanaryVerdict::Pass:
      break;
  }
  stop_canary_in_worker();
  enter_canary(CanaryState::Passed, {ErrorCode::None, judgement.text, {}});
  if (!canary_->view.rule->promotes) return;
  const auto promoted = promote_canary();
  if (!promoted && canary_->view.state == CanaryState::Passed) {
    canary_->view.reason_text += "; not promoted: " + promoted.error().message;
    log("canary is not promoted, text=\"" + promoted.error().message + '"');
  }
}

void Session::stop_canary_in_worker() {
  if (!present_) return;
  // Where it cannot be told, what it goes on to report is heard by nobody.
  (void)present_->send({.request_id = 0, .deadline_ns = 0, .body = ipc::StopCanary{}});
}

/// Its end by anything but a promotion; nothing where it has been decided, or is being promoted.
void Session::end_canary(const Error& error) {
  if (!canary_ || !is_open(canary_->view.state)) return;
  if (canary_->view.state == CanaryState::Promoting) return;
  stop_canary_in_worker();
  enter_canary(CanaryState::Failed, error);
}

/// With its worker. One that has passed needs none to be decided.
void Session::lose_canary(ErrorCode reason, const std::string& text) {
  if (!canary_ || canary_->view.state == CanaryState::Passed) return;
  end_canary({reason == ErrorCode::None ? ErrorCode::Unavailable : reason, text, {}});
}

/// Whether the worker that was to take over has, or never will.
void Session::settle_canary() {
  if (!canary_ || canary_->view.state != CanaryState::Promoting) return;
  if (spec_.pipeline == canary_->pipeline) {
    enter_canary(CanaryState::Promoted, {ErrorCode::None, {}, {}});
  } else if (!successor_ && !awaited_) {
    enter_canary(CanaryState::Failed,
                 {ErrorCode::Unavailable,
                  "the worker with it did not get ready, the old one stays; the log says why",
                  {}});
  }
}

void Session::enter_canary(CanaryState state, const Error& reason) {
  CanaryView& view = canary_->view;
  view.state = state;
  view.since_wall_ns = wall_ns();
  view.reason = reason.code;
  view.reason_text = reason.message;
  log("canary " + std::string{name_of(state)} + " reason=" + std::string{name_of(reason.code)} +
          " text=\"" + reason.message + '"',
      state == CanaryState::Failed ? spdlog::level::warn : spdlog::level::info);
  tell_state(condition_.state, false);
}

}  // namespace bulkhead::supervisor
