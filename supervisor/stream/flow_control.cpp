#include "supervisor/stream/flow_control.hpp"

#include <algorithm>
#include <chrono>

#include "common/clock.hpp"

namespace bulkhead::supervisor {

namespace {

constexpr std::int64_t ns(std::chrono::nanoseconds time) noexcept { return time.count(); }

// Measurements older than this, in time spent draining, have faded.
constexpr double kMemorySeconds = 2.0;

}  // namespace

std::string_view name_of(Pressure pressure) noexcept {
  switch (pressure) {
    case Pressure::None:
      return "none";
    case Pressure::Pressed:
      return "pressed";
    case Pressure::Shedding:
      return "shedding";
  }
  return {};
}

Pressure PressureGauge::update(double fill) noexcept {
  const bool was_shedding = level_ == Pressure::Shedding;
  const bool was_pressed = level_ != Pressure::None;
  if (fill >= (was_shedding ? limits::kSheddingUntil : limits::kSheddingFrom)) {
    level_ = Pressure::Shedding;
  } else {
    const bool pressed = fill >= (was_pressed ? limits::kPressedUntil : limits::kPressedFrom);
    level_ = pressed ? Pressure::Pressed : Pressure::None;
  }
  return level_;
}

void DrainMeter::add(std::size_t units, std::int64_t took_ns) noexcept {
  // What was taken at once says no more than "faster than the clock".
  const double seconds =
      static_cast<double>(std::max<std::int64_t>(took_ns, kNsPerMs)) / kNsPerSecond;
  known_seconds_ = std::min(known_seconds_ + seconds, kMemorySeconds);
  const double weight = std::min(1.0, seconds / known_seconds_);
  per_second_ += weight * (static_cast<double>(units) / seconds - per_second_);
}

SlowConsumer::Verdict SlowConsumer::slow_write(std::int64_t now_ns) {
  ++total_;
  last_ns_ = now_ns;
  while (!events_.empty() && now_ns - events_.front() > ns(limits::kSlowWindow)) {
    events_.pop_front();
  }
  events_.push_back(now_ns);
  if (events_.size() < limits::kSlowWrites) return Verdict::Fine;
  events_.clear();
  if (is_slow_) return Verdict::TooSlow;
  is_slow_ = true;
  return Verdict::BecameSlow;
}

bool SlowConsumer::recovers(std::int64_t now_ns) noexcept {
  if (!is_slow_ || now_ns - last_ns_ <= ns(limits::kSlowWindow)) return false;
  is_slow_ = false;
  events_.clear();
  return true;
}

}  // namespace bulkhead::supervisor
