#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/backoff.hpp"
#include "common/sink_limits.hpp"

namespace bulkhead::worker {

enum class BreakerState : std::uint8_t {
  Closed,    // batches go out
  Open,      // too many failures in a row: nothing goes out until a delay is over
  HalfOpen,  // one record goes out, to see
};

[[nodiscard]] std::string_view name_of(BreakerState state) noexcept;  // "half_open"

/// When to try a sink again that failed, and with how much. limits::kSinkFailures in a row open it;
/// delays have decorrelated jitter from limits::kSinkRetryFirst to kSinkRetryLongest. A value of
/// the sink's thread; it waits for nothing itself.
class SinkBreaker {
 public:
  explicit SinkBreaker(std::uint32_t seed);

  void succeeded() noexcept;
  /// How long to leave the sink alone now.
  [[nodiscard]] std::chrono::milliseconds failed();
  /// The same, and opens it at once.
  [[nodiscard]] std::chrono::milliseconds trip();

  /// The delay is over, and so many records may go out.
  std::size_t admit() noexcept;

  [[nodiscard]] BreakerState state() const noexcept { return state_; }

 private:
  Backoff backoff_;
  std::size_t failures_ = 0;
  BreakerState state_ = BreakerState::Closed;
};

/// How long to let a sink be after a batch of which more waits: as long as it took, so that what is
/// made up for takes no more than half of what the sink can do, and the other half is there for
/// those who are not behind. Not while the backlog grows: then half is too little.
class ReplayPace {
 public:
  [[nodiscard]] std::chrono::nanoseconds pause_after(std::chrono::nanoseconds took,
                                                     std::uint64_t backlog) noexcept;

 private:
  std::uint64_t backlog_before_ = 0;
};

}  // namespace bulkhead::worker
