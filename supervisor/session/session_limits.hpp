#pragma once

#include <chrono>
#include <cstddef>

#include "common/limits.hpp"

namespace bulkhead::supervisor {

using Millis = std::chrono::milliseconds;

/// How long a silent worker is believed, by what it is doing. Tests shorten them.
struct WatchdogLimits {
  Millis tick = limits::kWatchdogTick;  // the expected time between two observations
  Millis hello = limits::kHelloTime;
  Millis starting = limits::kStartingTime;
  Millis model_load = limits::kModelLoadTime;
  Millis progress = limits::kProgressTime;
  Millis first_inference = limits::kFirstInferenceTime;
  Millis control_silence = limits::kControlSilence;
  Millis stale = limits::kStaleTime;
  Millis source_silence = limits::kSourceSilence;
  Millis stopping = limits::kTermGrace;
};

/// When a worker that died is followed by the next. Tests shorten them.
struct RestartLimits {
  Millis first = limits::kWorkerRetryFirst;
  Millis longest = limits::kWorkerRetryLongest;
  std::size_t restarts = limits::kBreakerRestarts;
  Millis window = limits::kBreakerWindow;
  Millis probe = limits::kBreakerProbe;
  Millis healthy = limits::kHealthyTime;
  Millis settled = limits::kSettledTime;
};

/// How a new worker takes over from one that still works. Tests shorten them.
struct HandoverLimits {
  std::size_t settled_results = limits::kSettledResults;
  Millis settled_for = limits::kSettledFor;
  Millis settling = limits::kSettlingTime;
  std::size_t held_results = limits::kHeldResults;
  Millis camera_clock = limits::kCameraClockTime;
  Millis owed = limits::kOwedResultsTime;
};

/// How workers without a session are kept. Tests shorten them.
struct SpareLimits {
  Millis refill = limits::kSpareRefill;
  Millis retry_longest = limits::kSpareRetryLongest;
  Millis hello = limits::kHelloTime;
};

/// When and how workers are recycled. Tests shorten them.
struct RecyclingLimits {
  Millis look = limits::kRecyclingLook;
  Millis warm_up = limits::kRecyclingWarmUp;
  Millis sample_interval = limits::kRecyclingSampleInterval;
  std::size_t samples = limits::kRecyclingSamples;  // at least 4
  Millis spacing = limits::kRecyclingSpacing;
  Millis retry = limits::kRecyclingRetry;
};

/// When sessions that have a worker at times only get and lose it. Tests shorten them.
struct ActivationLimits {
  Millis look = limits::kActivationLook;
  Millis linger = limits::kDemandLinger;
};

/// Connections to cameras that may begin, in the long run; the operator's to choose.
struct ConnectionRates {
  double per_host_per_second = 2;
  double per_machine_per_second = 10;
};

/// All waits of one session.
struct SessionLimits {
  WatchdogLimits watchdog;
  RestartLimits restart;
  HandoverLimits handover;
  SpareLimits spares;
  RecyclingLimits recycling;
  ActivationLimits activation;
  Millis term_grace = limits::kTermGrace;
  Millis abort_grace = limits::kAbortGrace;
  Millis snapshot = limits::kSnapshotTime;
  Millis restarted = limits::kRestartTime;
};

}  // namespace bulkhead::supervisor
