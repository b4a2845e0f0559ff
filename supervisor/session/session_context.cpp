// Whose the results of a session are, and results that are told again for somebody else.

#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>
#include <variant>

#include "common/clock.hpp"
#include "common/limits.hpp"
#include "supervisor/session/session.hpp"

namespace bulkhead::supervisor {

void Session::set_context(const std::string& id, const ContextTold& told) {
  if (id != context_.id) context_ = {.id = id};
  log(id.empty() ? "context taken away" : "context set");
  tell_context(told);
}

Result<> Session::set_stage(const std::string& stage, const ContextTold& told) {
  if (context_.id.empty()) {
    return Error{ErrorCode::InvalidParams,
                 "params.stage: the session has no context that could be at one; give it one with "
                 "session.setContext first",
                 "params.stage"};
  }
  context_.stage = stage;
  log("stage of the context set", spdlog::level::debug);
  tell_context(told);
  return {};
}

void Session::tell_context(const ContextTold& told) {
  const auto answered = [this, told, context = context_](const Result<>& answer) {
    if (!answer) log("context not told to the worker: " + answer.error().message);
    boost::asio::post(loop_, [told, context, answer] { told(context, answer); });
  };
  if (successor_) successor_->worker->set_context(context_);
  if (!present_) return answered(Error{ErrorCode::Unavailable, "none runs now", {}});
  const std::int64_t deadline_ns =
      monotonic_ns() + std::chrono::nanoseconds{limits::kReconfigureTime}.count();
  const auto id = pending_.add(deadline_ns, answered);
  const bool is_sent = present_->set_context(context_, id ? *id : 0);
  if (!id) return answered(id.error());
  if (!is_sent) pending_.fail(*id, {ErrorCode::Unavailable, "it takes no commands now", {}});
}

/// What was not told cannot be told again: a worker on trial patches what the other one tells.
void Session::on_patch(const Incarnation& worker, const ipc::PriorityConsumer::Taken& taken) {
  Detection patch = std::get<Detection>(taken.record.body);
  if (!speaks(worker) || last_found_ != std::pair{generation_, patch.patch_of}) return;
  for (Object& object : patch.objects) {
    object.track_id = track_ids_.tell(generation_, object.track_id);
  }
  publish_result(taken, patch);
}

void Session::publish_result(const ipc::PriorityConsumer::Taken& taken,
                             const Detection& detection) {
  if (!events_.result) return;
  const ipc::Record& record = taken.record;
  events_.result({.session = spec_.id,
                  .generation = generation_,
                  .sequence = record.sequence,
                  .priority = taken.priority,
                  .publish_ns = record.publish_ns,
                  .detection = detection,
                  .model = *present_->model(),
                  .zones = present_->zones_of(record.sequence)});
}

}  // namespace bulkhead::supervisor
