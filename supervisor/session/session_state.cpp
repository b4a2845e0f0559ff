#include "supervisor/session/session_state.hpp"

namespace bulkhead::supervisor {

namespace {

using Kind = SessionEvent::Kind;
using State = SessionState;
using Action = SessionAction;

SessionStep stay(const SessionCondition& now, Action action = Action::None) noexcept {
  return {now, action};
}

SessionStep go(State state, ErrorCode reason = ErrorCode::None,
               Action action = Action::None) noexcept {
  return {{state, reason, false}, action};
}

/// A worker that misbehaves keeps its state until it is gone, but nobody shall read LIVE meanwhile.
SessionStep doom(const SessionCondition& now, ErrorCode reason, Action action) noexcept {
  return go(expects_frames(now.state) ? State::Stale : now.state, reason, action);
}

SessionStep end_unasked(const SessionEvent& event) noexcept {
  switch (event.after) {
    case AfterEnd::Retry:
      return go(State::BackingOff, event.reason, Action::ArmRetry);
    case AfterEnd::OpenBreaker:
      return go(State::CrashLoop, event.reason, Action::ArmRetry);
    case AfterEnd::GiveUp:
      return go(State::Failed, event.reason);
  }
  return go(State::Failed, ErrorCode::Internal);
}

SessionStep step_camera(const SessionCondition& now, const SessionEvent& event) noexcept {
  switch (event.kind) {
    case Kind::CameraConnecting:
      // The next try of a worker whose camera is away is no news until it succeeds.
      if (now.state == State::Offline || now.state == State::AuthFailed) return stay(now);
      return go(State::Connecting);
    case Kind::CameraLive:
      return go(State::Live);
    case Kind::CameraFrozen:
      return expects_frames(now.state) ? go(State::Frozen, event.reason) : stay(now);
    default:  // CameraLost
      return go(event.reason == ErrorCode::AuthFailed ? State::AuthFailed : State::Offline,
                event.reason);
  }
}

SessionStep step_running(const SessionCondition& now, const SessionEvent& event) noexcept {
  switch (event.kind) {
    case Kind::StartAsked:
      return {{State::Stopping, ErrorCode::None, true}, Action::AskToStop};
    case Kind::StopAsked:
      return go(State::Stopping, ErrorCode::None, Action::AskToStop);
    case Kind::CameraConnecting:
    case Kind::CameraLive:
    case Kind::CameraLost:
    case Kind::CameraFrozen:
      return step_camera(now, event);
    case Kind::FramesMissing:
      return expects_frames(now.state) && now.state != State::Stale
                 ? go(State::Stale, ErrorCode::Stalled)
                 : stay(now);
    case Kind::FramesFlow:
      return now.state == State::Stale ? go(State::Live) : stay(now);
    case Kind::FallingBehind:
      return now.state == State::Live ? go(State::Degraded) : stay(now);
    case Kind::KeepingUp:
      return now.state == State::Degraded ? go(State::Live) : stay(now);
    case Kind::WorkerHung:
      return doom(now, event.reason, Action::Abort);
    case Kind::WorkerBroken:
      return doom(now, event.reason, Action::Kill);
    case Kind::WorkerEnded:
      return end_unasked(event);
    case Kind::RetryDue:
      return stay(now);
  }
  return stay(now);
}

SessionStep step_stopping(const SessionCondition& now, const SessionEvent& event) noexcept {
  switch (event.kind) {
    case Kind::StartAsked:
      return {{State::Stopping, now.reason, true}, Action::None};
    case Kind::StopAsked:
      return {{State::Stopping, now.reason, false}, Action::None};
    case Kind::WorkerBroken:  // It has no orderly end to offer any more.
      return stay(now, Action::Kill);
    case Kind::WorkerEnded:
      return now.start_again ? go(State::Starting, ErrorCode::None, Action::Spawn)
                             : go(State::Stopped);
    default:
      return stay(now);
  }
}

SessionStep step_waiting(const SessionCondition& now, const SessionEvent& event) noexcept {
  switch (event.kind) {
    case Kind::StartAsked:
    case Kind::RetryDue:
      return go(State::Starting, ErrorCode::None, Action::Spawn);
    case Kind::StopAsked:
      return go(State::Stopped, ErrorCode::None, Action::DisarmRetry);
    default:
      return stay(now);
  }
}

SessionStep step_at_rest(const SessionCondition& now, const SessionEvent& event) noexcept {
  switch (event.kind) {
    case Kind::StartAsked:
      return go(State::Starting, ErrorCode::None, Action::Spawn);
    case Kind::StopAsked:
      return go(State::Stopped, now.reason);
    default:
      return stay(now);
  }
}

}  // namespace

SessionStep step(const SessionCondition& now, const SessionEvent& event) noexcept {
  switch (now.state) {
    case State::Starting:
    case State::Connecting:
    case State::Live:
    case State::Degraded:
    case State::Stale:
    case State::Frozen:
    case State::Offline:
    case State::AuthFailed:
      return step_running(now, event);
    case State::Stopping:
      return step_stopping(now, event);
    case State::BackingOff:
    case State::CrashLoop:
      return step_waiting(now, event);
    case State::Stopped:
    case State::Failed:
      return step_at_rest(now, event);
  }
  return stay(now);
}

bool is_running(SessionState state) noexcept {
  return has_worker(state) && state != State::Stopping;
}

bool has_worker(SessionState state) noexcept {
  switch (state) {
    case State::BackingOff:
    case State::CrashLoop:
    case State::Stopped:
    case State::Failed:
      return false;
    default:
      return true;
  }
}

bool expects_frames(SessionState state) noexcept {
  switch (state) {
    case State::Live:
    case State::Degraded:
    case State::Stale:
    case State::Frozen:
      return true;
    default:
      return false;
  }
}

}  // namespace bulkhead::supervisor
