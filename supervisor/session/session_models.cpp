// Models that come by URL: a worker that needs one is not started before it is here.

#include <algorithm>
#include <iterator>
#include <utility>

#include "common/clock.hpp"
#include "supervisor/model/model_store.hpp"
#include "supervisor/session/session.hpp"

namespace bulkhead::supervisor {

using Kind = SessionEvent::Kind;

namespace {

/// Which stage the failure is of; ModelStore puts the URL where others put a field.
Error at_stage(Error error, const PipelineSpec& pipeline) {
  const std::vector<std::string> models = models_of(pipeline);
  const auto stage =
      static_cast<std::size_t>(std::ranges::find(models, error.field) - models.begin());
  if (stage >= models.size()) return error;
  error.field = stage == 0 ? "pipeline.stages[0].model"
                           : "the model of \"" + pipeline.crops[stage - 1].attribute + "\"";
  error.message = error.field + ": " + error.message;
  return error;
}

std::vector<ModelUrl> urls_of(const SessionSpec& spec) {
  return spec.pipeline ? model_urls_of(*spec.pipeline) : std::vector<ModelUrl>{};
}

}  // namespace

std::vector<ModelUrl> Session::model_urls() const {
  std::vector<ModelUrl> urls = urls_of(spec_);
  std::ranges::move(urls_of(spec()), std::back_inserter(urls));
  if (canary_ && is_open(canary_->view.state)) {
    std::ranges::move(model_urls_of(canary_->pipeline), std::back_inserter(urls));
  }
  return urls;
}

bool Session::has_models(const SessionSpec& spec) const {
  const auto urls = urls_of(spec);
  return urls.empty() || environment_.models == nullptr || environment_.models->has(urls);
}

void Session::fetch_models() {
  is_fetching_ = true;
  reason_text_ = "fetching model";
  announce(condition_.state, false);
  environment_.models->fetch(
      urls_of(spec_), [weak = weak_from_this(), generation = generation_](const Result<>& fetched) {
        const auto self = weak.lock();
        const bool is_awaited = self && self->is_fetching_ && self->generation_ == generation;
        if (is_awaited) self->on_models(fetched);
      });
  arm_tick();  // whoever asked for a restart does not wait for ever
}

void Session::on_models(const Result<>& fetched) {
  is_fetching_ = false;
  if (fetched) return spawn();
  const Error error = at_stage(fetched.error(), *spec_.pipeline);
  const bool is_permanent = persistence_of(error.code) == Persistence::Permanent;
  const auto decision = policy_.on_end(monotonic_ns(), Millis{0},
                                       is_permanent ? EndKind::Permanent : EndKind::Transient);
  retry_delay_ = decision.delay;
  start_reason_ = name_of(error.code);
  handle({Kind::WorkerEnded, error.code, decision.after}, error.message);
}

/// Asked to stop before there is a worker. The fetch goes on: another may want the model.
void Session::end_fetching() {
  is_fetching_ = false;
  handle({Kind::WorkerEnded}, rest_ ? rest_->why : "requested");
}

void Session::await_models(const SessionSpec& spec) {
  log("other parameters wait for their model");
  awaited_ = spec;
  environment_.models->fetch(
      urls_of(spec), [weak = weak_from_this(), spec](const Result<>& fetched) {
        const auto self = weak.lock();
        if (!self || self->awaited_ != spec) return;
        self->awaited_.reset();
        const auto changed =
            fetched ? self->reconfigure(spec, [](const Result<>&) {})
                    : Result<Reconfiguration>{at_stage(fetched.error(), *spec.pipeline)};
        if (changed) return;
        self->log("other parameters are given up, text=\"" + changed.error().message + '"',
                  spdlog::level::warn);
        self->stay_with(self->spec_, spec);
      });
}

}  // namespace bulkhead::supervisor
