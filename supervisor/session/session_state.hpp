#pragma once

#include "common/error.hpp"
#include "supervisor/session/session_view.hpp"

namespace bulkhead::supervisor {

/// What shall follow the end of a worker that nobody asked to end. Decided by RestartPolicy.
enum class AfterEnd {
  Retry,        // after the back-off
  OpenBreaker,  // it dies too often: probe rarely
  GiveUp,       // permanent
};

/// Something that happened to a session or was asked of it.
struct SessionEvent {
  enum class Kind {
    StartAsked,        // a fresh worker is wanted: first start, restart, other parameters
    StopAsked,         // no worker is wanted
    CameraConnecting,  // the worker's words
    CameraLive,
    CameraLost,     // `reason`
    CameraFrozen,   // `reason`
    FramesMissing,  // the watchdog's words
    FramesFlow,
    FallingBehind,
    KeepingUp,
    WorkerHung,    // `reason`
    WorkerBroken,  // `reason`: it breaks the protocol
    WorkerEnded,   // `after` and `reason`; also when it could not be started
    RetryDue,      // the back-off, or the time until the next probe, is over
  };

  Kind kind;
  ErrorCode reason = ErrorCode::None;
  AfterEnd after = AfterEnd::Retry;
};

/// What a session does about an event.
enum class SessionAction {
  None,
  Spawn,      // the next generation, at once
  AskToStop,  // politely; it is killed where it does not obey
  Abort,      // SIGABRT, likewise
  Kill,       // SIGKILL
  ArmRetry,   // RetryDue after the delay that RestartPolicy gave
  DisarmRetry,
};

/// The whole memory of the policy: what else a session knows does not decide where it goes.
struct SessionCondition {
  SessionState state = SessionState::Stopped;
  ErrorCode reason = ErrorCode::None;
  bool start_again = false;  // Stopping only: the next generation follows the end of this one

  bool operator==(const SessionCondition&) const = default;
};

struct SessionStep {
  SessionCondition next;
  SessionAction action = SessionAction::None;
};

/// The policy: a pure function that answers every pair. An event that a state does not expect, such
/// as a late word of a worker that is being stopped, changes nothing.
[[nodiscard]] SessionStep step(const SessionCondition& now, const SessionEvent& event) noexcept;

/// States in which a worker process exists that was not asked to end.
[[nodiscard]] bool is_running(SessionState state) noexcept;

/// The same, or one that was asked to end.
[[nodiscard]] bool has_worker(SessionState state) noexcept;

/// States in which the worker claims to have a camera, so that frames are due.
[[nodiscard]] bool expects_frames(SessionState state) noexcept;

}  // namespace bulkhead::supervisor
