#include "supervisor/session/restart_policy.hpp"

namespace bulkhead::supervisor {

using std::chrono::nanoseconds;

RestartPolicy::RestartPolicy(const RestartLimits& limits, std::uint32_t seed)
    : limits_{limits}, backoff_{limits.first, limits.longest, seed} {}

RestartPolicy::Decision RestartPolicy::on_end(std::int64_t now_ns, Millis uptime, EndKind kind) {
  if (kind == EndKind::Permanent) return {AfterEnd::GiveUp};

  if (uptime >= limits_.healthy) reset();
  if (breaker_open_) return {AfterEnd::OpenBreaker, limits_.probe};

  const std::int64_t horizon = now_ns - nanoseconds{limits_.window}.count();
  while (!deaths_ns_.empty() && deaths_ns_.front() <= horizon) deaths_ns_.pop_front();
  const bool lone = deaths_ns_.empty();
  if (lone) backoff_.reset();
  deaths_ns_.push_back(now_ns);
  if (deaths_ns_.size() > limits_.restarts) {
    breaker_open_ = true;
    return {AfterEnd::OpenBreaker, limits_.probe};
  }
  if (lone && uptime >= limits_.settled) return {AfterEnd::Retry, Millis{0}};
  return {AfterEnd::Retry, backoff_.next()};
}

void RestartPolicy::reset() {
  deaths_ns_.clear();
  backoff_.reset();
  breaker_open_ = false;
}

}  // namespace bulkhead::supervisor
