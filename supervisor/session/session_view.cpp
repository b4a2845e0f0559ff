#include "supervisor/session/session_view.hpp"

namespace bulkhead::supervisor {

std::string_view name_of(SessionState state) noexcept {
  switch (state) {
    case SessionState::Starting:
      return "STARTING";
    case SessionState::Connecting:
      return "CONNECTING";
    case SessionState::Live:
      return "LIVE";
    case SessionState::Degraded:
      return "DEGRADED";
    case SessionState::Stale:
      return "STALE";
    case SessionState::Frozen:
      return "FROZEN";
    case SessionState::Offline:
      return "OFFLINE";
    case SessionState::AuthFailed:
      return "AUTH_FAILED";
    case SessionState::BackingOff:
      return "BACKING_OFF";
    case SessionState::CrashLoop:
      return "CRASH_LOOP";
    case SessionState::Stopping:
      return "STOPPING";
    case SessionState::Stopped:
      return "STOPPED";
    case SessionState::Failed:
      return "FAILED";
  }
  return "INTERNAL";
}

bool is_expected_absence(Availability availability, SessionState state, ErrorCode reason) noexcept {
  return availability == Availability::Intermittent && state == SessionState::Offline &&
         persistence_of(reason) == Persistence::Transient;
}

bool is_problem(Availability availability, SessionState state, ErrorCode reason) noexcept {
  switch (state) {
    case SessionState::Offline:
      return !is_expected_absence(availability, state, reason);
    case SessionState::AuthFailed:
    case SessionState::Frozen:
    case SessionState::CrashLoop:
    case SessionState::Failed:
      return true;
    default:
      return false;
  }
}

std::string_view name_of(RestartMode mode) noexcept {
  switch (mode) {
    case RestartMode::Auto:
      return "auto";
    case RestartMode::Overlap:
      return "overlap";
    case RestartMode::Replace:
      return "replace";
  }
  return "auto";
}

}  // namespace bulkhead::supervisor
