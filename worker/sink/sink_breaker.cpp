#include "worker/sink/sink_breaker.hpp"

#include <array>
#include <utility>

#include "common/sink_limits.hpp"

namespace bulkhead::worker {

std::string_view name_of(BreakerState state) noexcept {
  constexpr std::array<std::string_view, 3> kNames{"closed", "open", "half_open"};
  return kNames[static_cast<std::size_t>(state)];
}

SinkBreaker::SinkBreaker(std::uint32_t seed)
    : backoff_{limits::kSinkRetryFirst, limits::kSinkRetryLongest, seed} {}

void SinkBreaker::succeeded() noexcept {
  failures_ = 0;
  state_ = BreakerState::Closed;
  backoff_.reset();
}

std::chrono::milliseconds SinkBreaker::failed() {
  if (++failures_ >= limits::kSinkFailures) state_ = BreakerState::Open;
  return backoff_.next();
}

std::chrono::milliseconds SinkBreaker::trip() {
  failures_ = limits::kSinkFailures;
  return failed();
}

std::size_t SinkBreaker::admit() noexcept {
  if (state_ == BreakerState::Closed) return limits::kSinkBatchRecords;
  state_ = BreakerState::HalfOpen;
  return 1;
}

std::chrono::nanoseconds ReplayPace::pause_after(std::chrono::nanoseconds took,
                                                 std::uint64_t backlog) noexcept {
  const std::uint64_t before = std::exchange(backlog_before_, backlog);
  const bool behind = backlog > limits::kSinkBatchRecords;
  return behind && backlog <= before ? took : std::chrono::nanoseconds{0};
}

}  // namespace bulkhead::worker
