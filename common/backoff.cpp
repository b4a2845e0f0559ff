#include "common/backoff.hpp"

#include <algorithm>
#include <cassert>

namespace bulkhead {

Backoff::Backoff(std::chrono::milliseconds base, std::chrono::milliseconds cap, std::uint32_t seed)
    : base_{base}, cap_{cap}, previous_{base} {
  // Mixed, for the generator's first draws from neighbouring seeds are nearly equal.
  std::seed_seq mixed{seed};
  random_.seed(mixed);
  assert(base.count() > 0);
  assert(cap >= base);
}

std::chrono::milliseconds Backoff::next() {
  // The upper end is cut before the draw, so that a delay at the cap still varies.
  const auto longest = previous_ > cap_ / 3 ? cap_ : previous_ * 3;
  std::uniform_int_distribution<std::chrono::milliseconds::rep> draw{base_.count(),
                                                                     longest.count()};
  previous_ = std::chrono::milliseconds{draw(random_)};
  return previous_;
}

}  // namespace bulkhead
