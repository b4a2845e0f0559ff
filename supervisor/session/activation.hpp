#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/session_spec.hpp"
#include "supervisor/session/session_limits.hpp"

namespace bulkhead::supervisor {

/// Why a session has no worker though nobody has unsubscribed it.
struct Rest {
  std::string why;  // a sentence for operators

  bool operator==(const Rest&) const = default;
};

/// Decides whether a session may have a worker now, by the availability of its camera.
///
/// `on_demand`: while somebody wants its results, and so long after that a client that comes back,
/// or the next of many short ones, does not pay for a start.
///
/// Pure: time and demand come in; to be asked again each `ActivationLimits::look`. Owned by
/// Session.
class Activation {
 public:
  struct Now {
    std::int64_t monotonic_ns;
    bool demanded;  // somebody wants results of this session
  };

  explicit Activation(const ActivationLimits& limits) : limits_{limits} {}

  /// Nothing: it shall have a worker.
  [[nodiscard]] std::optional<Rest> rest(const SessionSpec& spec, const Now& now);

  /// The answer depends on more than the spec, so it may change at any time.
  [[nodiscard]] static bool changes(Availability availability) noexcept {
    return availability == Availability::OnDemand;
  }

 private:
  ActivationLimits limits_;
  std::optional<std::int64_t> demanded_ns_;  // when it was seen last
};

}  // namespace bulkhead::supervisor
