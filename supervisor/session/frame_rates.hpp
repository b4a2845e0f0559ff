#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

namespace bulkhead::supervisor {

/// Frame rates of one worker over the last seconds (limits::kRateWindow), from its counters.
/// Pure: monotonic time comes in. Whatever the counters say, a rate is finite and not negative.
class FrameRates {
 public:
  /// `rested_total`: frames that were looked at for motion and found to have none.
  void observe(std::int64_t now_ns, std::uint64_t decoded_total, std::uint64_t inferred_total,
               std::uint64_t rested_total = 0);

  [[nodiscard]] double decoded_per_second() const noexcept;
  [[nodiscard]] double inferred_per_second() const noexcept;

  /// Whether less than half of what was asked is being inferred, or rested: of the camera's rate
  /// divided by `every_n`, or of `max_fps` where that is lower and not 0. Once it is, it lasts
  /// until three quarters are. False until the window is full.
  [[nodiscard]] bool falling_behind(double max_fps, std::uint32_t every_n = 1);

 private:
  struct Sample {
    std::int64_t at_ns;
    std::uint64_t decoded_total;
    std::uint64_t inferred_total;
    std::uint64_t rested_total;
  };

  [[nodiscard]] double per_second(std::uint64_t Sample::*total) const noexcept;

  std::deque<Sample> samples_;  // one each half second and the latest
  bool behind_ = false;
};

}  // namespace bulkhead::supervisor
