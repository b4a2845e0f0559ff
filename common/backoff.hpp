#pragma once

#include <chrono>
#include <cstdint>
#include <random>

namespace bulkhead {

/// Decorrelated jitter: each delay is drawn from [base, 3 × previous], at most `cap`. Spreads
/// clients that failed together, unlike a plain doubling. Source: M. Brooker, "Exponential
/// Backoff and Jitter", AWS Architecture Blog, 2015.
///
/// A value owned by one thread. `reset` belongs after good frames, not after a connect that
/// "briefly succeeded".
class Backoff {
 public:
  Backoff(std::chrono::milliseconds base, std::chrono::milliseconds cap, std::uint32_t seed);

  [[nodiscard]] std::chrono::milliseconds next();
  void reset() noexcept { previous_ = base_; }

 private:
  std::chrono::milliseconds base_;
  std::chrono::milliseconds cap_;
  std::chrono::milliseconds previous_;
  std::minstd_rand random_;
};

}  // namespace bulkhead
