#include "supervisor/session/frame_rates.hpp"

#include <algorithm>
#include <chrono>

#include "common/clock.hpp"
#include "common/limits.hpp"

namespace bulkhead::supervisor {

namespace {

using std::chrono::nanoseconds;

constexpr std::int64_t kSampleNs = 500'000'000;
constexpr std::int64_t kWindowNs = nanoseconds{limits::kRateWindow}.count();
constexpr double kBehindBelow = 0.5;
constexpr double kKeptFrom = 0.75;

}  // namespace

void FrameRates::observe(std::int64_t now_ns, std::uint64_t decoded_total,
                         std::uint64_t inferred_total, std::uint64_t rested_total) {
  // The latest sample moves until it is half a second after the one before it.
  if (samples_.size() >= 2 &&
      samples_.back().at_ns - samples_[samples_.size() - 2].at_ns < kSampleNs) {
    samples_.pop_back();
  }
  samples_.push_back({now_ns, decoded_total, inferred_total, rested_total});
  while (samples_.size() > 2 && now_ns - samples_[1].at_ns >= kWindowNs) samples_.pop_front();
}

double FrameRates::decoded_per_second() const noexcept {
  return per_second(&Sample::decoded_total);
}

double FrameRates::inferred_per_second() const noexcept {
  return per_second(&Sample::inferred_total);
}

bool FrameRates::falling_behind(double max_fps, std::uint32_t every_n) {
  if (samples_.empty() || samples_.back().at_ns - samples_.front().at_ns < kWindowNs) return false;
  const double chosen = decoded_per_second() / every_n;
  const double asked = max_fps > 0 ? std::min(max_fps, chosen) : chosen;
  const double done = inferred_per_second() + per_second(&Sample::rested_total);
  behind_ = done < asked * (behind_ ? kKeptFrom : kBehindBelow);
  return behind_;
}

double FrameRates::per_second(std::uint64_t Sample::*total) const noexcept {
  if (samples_.size() < 2) return 0;
  const Sample& first = samples_.front();
  const Sample& last = samples_.back();
  if (last.at_ns <= first.at_ns || last.*total < first.*total) return 0;
  return static_cast<double>(last.*total - first.*total) / to_seconds(last.at_ns - first.at_ns);
}

}  // namespace bulkhead::supervisor
