// When a session has no worker because its camera is not to be watched now.

#include <utility>

#include "common/clock.hpp"
#include "supervisor/session/session.hpp"

namespace bulkhead::supervisor {

using Kind = SessionEvent::Kind;

bool Session::may_run(bool demanded) {
  auto rest = activation_.rest(
      spec(),
      {.wall_ns = environment_.wall_clock(), .monotonic_ns = monotonic_ns(), .demanded = demanded});
  if (!rest) return true;
  // Its worker knows how long to wait so that the camera locks nobody out; the next would not.
  const bool waits_out = condition_.state == SessionState::AuthFailed;
  if (waits_out && spec().availability == Availability::OnDemand) return true;
  const bool begins = !rest_;
  const bool is_news = rest_ != rest;
  const bool was_stopped = condition_.state == SessionState::Stopped;
  rest_ = std::move(rest);
  if (begins) begin_rest();
  if (is_news && was_stopped) {
    reason_text_ = rest_->why;
    announce(SessionState::Stopped, false);
  }
  return false;
}

void Session::begin_rest() {
  const Error error{ErrorCode::Unavailable, rest_->why, {}};
  fail_restart(error);
  if (awaited_) spec_ = *std::exchange(awaited_, std::nullopt);
  if (successor_) {
    spec_ = successor_->spec;  // what was asked for is what it comes back with
    give_up_successor(error);
  }
  // One that never ran is at rest already, and has yet to say why.
  if (condition_.state != SessionState::Stopped) handle({Kind::StopAsked}, rest_->why);
}

}  // namespace bulkhead::supervisor
