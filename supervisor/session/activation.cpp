#include "supervisor/session/activation.hpp"

#include <chrono>

namespace bulkhead::supervisor {

std::optional<Rest> Activation::rest(const SessionSpec& spec, const Now& now) {
  if (spec.availability != Availability::OnDemand) return std::nullopt;
  if (now.demanded) {
    demanded_ns_ = now.monotonic_ns;
    return std::nullopt;
  }
  const std::int64_t linger_ns = std::chrono::nanoseconds{limits_.linger}.count();
  if (demanded_ns_ && now.monotonic_ns - *demanded_ns_ < linger_ns) return std::nullopt;
  return Rest{.why = "nobody asks for its results; a stream of them starts it"};
}

}  // namespace bulkhead::supervisor
