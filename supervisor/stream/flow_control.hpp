#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>

#include "common/limits.hpp"

namespace bulkhead::supervisor {

// The decisions of flow control, pure: time comes in as monotonic nanoseconds. Each is a value
// owned by one stream, one connection or the hub, and used by the supervisor's loop.

/// How full something is, in steps that each shed one more class.
enum class Pressure : std::uint8_t {
  None,
  Pressed,   // BULK gives way
  Shedding,  // IMPORTANT gives way, too
};

[[nodiscard]] std::string_view name_of(Pressure pressure) noexcept;  // "none"

/// Turns fill, 0 to 1 and beyond, into Pressure, with hysteresis: entered at 0.7 and 0.9, left
/// below 0.5 and 0.7, so that a queue that hovers at a threshold does not change its mind at every
/// message.
class PressureGauge {
 public:
  Pressure update(double fill) noexcept;
  [[nodiscard]] Pressure level() const noexcept { return level_; }

 private:
  Pressure level_ = Pressure::None;
};

/// How fast a client takes what it is sent, in units a second: counted only while it was given
/// something and had not taken all, for an idle client says nothing about how fast it is. A moving
/// mean over the last measurements, by their duration.
class DrainMeter {
 public:
  void add(std::size_t units, std::int64_t took_ns) noexcept;

  /// 0: not known yet.
  [[nodiscard]] double per_second() const noexcept { return per_second_; }

 private:
  double per_second_ = 0;
  double known_seconds_ = 0;
};

/// When a client is too slow to be served as the others are, by its slow events: writes that took
/// longer than limits::kSlowWrite. Five within a minute make it a slow consumer, whose rates are
/// halved; five more within a minute and it has to go. A minute without one clears all.
class SlowConsumer {
 public:
  enum class Verdict { Fine, BecameSlow, TooSlow };

  [[nodiscard]] Verdict slow_write(std::int64_t now_ns);

  /// True once: it was slow and has recovered.
  [[nodiscard]] bool recovers(std::int64_t now_ns) noexcept;

  [[nodiscard]] bool is_slow() const noexcept { return is_slow_; }
  [[nodiscard]] std::uint64_t slow_writes_total() const noexcept { return total_; }

 private:
  std::deque<std::int64_t> events_;  // of the last minute; since it became slow, once it did
  std::int64_t last_ns_ = 0;
  std::uint64_t total_ = 0;
  bool is_slow_ = false;
};

}  // namespace bulkhead::supervisor
