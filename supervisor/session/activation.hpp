#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "common/session_spec.hpp"
#include "supervisor/session/schedule.hpp"
#include "supervisor/session/session_limits.hpp"

namespace bulkhead::supervisor {

/// Why a session has no worker though nobody has unsubscribed it.
struct Rest {
  std::string why;                                   // a sentence for operators
  std::optional<std::int64_t> next_start_wall_ns{};  // where that is known

  bool operator==(const Rest&) const = default;
};

/// Decides whether a session may have a worker now, by the availability of its camera.
///
/// `scheduled`: in its windows, by the clock on the wall. Wall clock is data everywhere else; here
/// it is what was asked for.
/// `on_demand`: while somebody wants its results, and so long after that a client that comes back,
/// or the next of many short ones, does not pay for a start.
///
/// Pure: time and demand come in; to be asked again each `ActivationLimits::look`. Owned by
/// Session.
class Activation {
 public:
  struct Now {
    std::int64_t wall_ns;
    std::int64_t monotonic_ns;
    bool demanded;  // somebody wants results of this session
  };

  Activation(const ActivationLimits& limits, UtcOffset utc_offset)
      : limits_{limits}, utc_offset_{std::move(utc_offset)} {}

  /// Nothing: it shall have a worker.
  [[nodiscard]] std::optional<Rest> rest(const SessionSpec& spec, const Now& now);

  /// The answer depends on more than the spec, so it may change at any time.
  [[nodiscard]] static bool changes(Availability availability) noexcept {
    return availability == Availability::Scheduled || availability == Availability::OnDemand;
  }

 private:
  [[nodiscard]] std::optional<Rest> rest_outside(const WeeklySchedule& windows,
                                                 std::int64_t wall_ns) const;
  [[nodiscard]] std::optional<Rest> rest_undemanded(const Now& now);

  ActivationLimits limits_;
  UtcOffset utc_offset_;
  std::optional<std::int64_t> demanded_ns_;  // when it was seen last
};

}  // namespace bulkhead::supervisor
