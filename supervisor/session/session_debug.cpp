// What an operator asks of a worker to see what it does.

#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>
#include <vector>

#include "common/clock.hpp"
#include "common/limits.hpp"
#include "supervisor/session/refuse.hpp"
#include "supervisor/session/session.hpp"

namespace bulkhead::supervisor {

void Session::snapshot(const std::function<void(Result<std::vector<std::byte>>)>& done) {
  if (!present_ || !is_running(condition_.state)) {
    const std::string why = rest_ ? ": " + rest_->why : "";
    return refuse(loop_, done,
                  {ErrorCode::Unavailable, "no worker runs for this session now" + why, {}});
  }
  const std::int64_t deadline_ns =
      monotonic_ns() + std::chrono::nanoseconds{environment_.limits.snapshot}.count();
  const auto id = pending_.add(deadline_ns, [this, done](const Result<>& answer) {
    Result<std::vector<std::byte>> picture{
        Error{ErrorCode::Unavailable, "there is no picture yet", {}}};
    if (!answer) picture = answer.error();
    // Only the answer of a living worker says that the slot holds what was asked for.
    if (auto jpeg = answer && present_ ? present_->preview() : std::nullopt) {
      picture = std::move(*jpeg);
    }
    boost::asio::post(loop_,
                      [done, picture = std::move(picture)]() mutable { done(std::move(picture)); });
  });
  if (!id) return refuse(loop_, done, id.error());
  if (!present_->send(
          {.request_id = *id, .deadline_ns = deadline_ns, .body = ipc::TakeSnapshot{}})) {
    pending_.fail(*id, {ErrorCode::Unavailable, "the worker takes no commands now", {}});
  }
}

void Session::debug_gst(ipc::DebugGst debug, const std::function<void(Result<>)>& done) {
  if (!present_ || !is_running(condition_.state)) {
    const std::string why = rest_ ? ": " + rest_->why : "";
    return refuse(loop_, done,
                  {ErrorCode::Unavailable, "no worker runs for this session now" + why, {}});
  }
  const std::int64_t deadline_ns =
      monotonic_ns() + std::chrono::nanoseconds{limits::kReconfigureTime}.count();
  const auto id = pending_.add(deadline_ns, [this, done](const Result<>& answer) {
    boost::asio::post(loop_, [done, answer] { done(answer); });
  });
  if (!id) return refuse(loop_, done, id.error());
  if (!present_->send({.request_id = *id, .deadline_ns = deadline_ns, .body = std::move(debug)})) {
    pending_.fail(*id, {ErrorCode::Unavailable, "the worker takes no commands now", {}});
  }
}

}  // namespace bulkhead::supervisor
