#pragma once

#include <chrono>
#include <cstdint>
#include <deque>

#include "common/backoff.hpp"
#include "supervisor/session/session_limits.hpp"
#include "supervisor/session/session_state.hpp"

namespace bulkhead::supervisor {

/// Whether trying again can help, as far as the end of a worker tells.
enum class EndKind { Transient, Permanent };

/// Decides when a worker that ended is followed by the next: a tally of recent deaths with a
/// breaker. Pure: time comes in as monotonic nanoseconds. One per session, used by its loop.
///
/// A lone death of a settled worker is retried at once; more within the window wait for growing,
/// jittered times. The death after `restarts` of them within `window` opens the breaker: from then
/// on one worker is tried each `probe`, until one of them has been up for `healthy`. That also
/// forgives all earlier deaths, as does an operator (`reset`).
class RestartPolicy {
 public:
  struct Decision {
    AfterEnd after;
    Millis delay{0};  // for Retry and OpenBreaker
  };

  RestartPolicy(const RestartLimits& limits, std::uint32_t seed);

  [[nodiscard]] Decision on_end(std::int64_t now_ns, Millis uptime, EndKind kind);
  void reset();

  [[nodiscard]] bool breaker_open() const noexcept { return breaker_open_; }

 private:
  RestartLimits limits_;
  Backoff backoff_;
  std::deque<std::int64_t> deaths_ns_;  // within the window, at most `restarts` + 1
  bool breaker_open_ = false;
};

}  // namespace bulkhead::supervisor
