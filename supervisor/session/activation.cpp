#include "supervisor/session/activation.hpp"

#include <chrono>

#include "common/clock.hpp"

namespace bulkhead::supervisor {

std::optional<Rest> Activation::rest(const SessionSpec& spec, const Now& now) {
  switch (spec.availability) {
    case Availability::Always:
    case Availability::Intermittent:
      return std::nullopt;
    case Availability::Scheduled:
      return rest_outside(spec.schedule, now.wall_ns);
    case Availability::OnDemand:
      return rest_undemanded(now);
  }
  return std::nullopt;
}

std::optional<Rest> Activation::rest_outside(const WeeklySchedule& windows,
                                             std::int64_t wall_ns) const {
  const Schedule schedule{windows, utc_offset_};
  const std::int64_t now_s = wall_ns / kNsPerSecond;
  if (schedule.is_open(now_s)) return std::nullopt;
  Rest rest{.why = "outside of its schedule"};
  if (const auto next_s = schedule.next_change(now_s)) {
    rest.next_start_wall_ns = *next_s * kNsPerSecond;
    rest.why += ", starts at " + iso8601_utc(*rest.next_start_wall_ns);
  }
  return rest;
}

std::optional<Rest> Activation::rest_undemanded(const Now& now) {
  if (now.demanded) {
    demanded_ns_ = now.monotonic_ns;
    return std::nullopt;
  }
  const std::int64_t linger_ns = std::chrono::nanoseconds{limits_.linger}.count();
  if (demanded_ns_ && now.monotonic_ns - *demanded_ns_ < linger_ns) return std::nullopt;
  return Rest{.why = "nobody asks for its results; a stream of them starts it"};
}

}  // namespace bulkhead::supervisor
