#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>

#include "supervisor/session/session_limits.hpp"

namespace bulkhead::supervisor {

/// When a worker that works well is replaced all the same; the operator's choice. 0: never for
/// this reason.
struct RecyclingRule {
  Millis max_age{0};
  std::uint64_t max_growth_bytes_per_hour = 0;  // of its anonymous memory

  [[nodiscard]] bool is_on() const noexcept {
    return max_age.count() > 0 || max_growth_bytes_per_hour > 0;
  }
};

enum class RecyclingReason { Age, Memory };

[[nodiscard]] std::string_view name_of(RecyclingReason reason) noexcept;  // "RECYCLED_AGE"

/// Judges whether one worker is to be recycled: by its age, or by the slope of its memory, so that
/// a slow leak ends by a planned handover and not at the memory limit.
///
/// The slope is that of Theil and Sen: the median of the slopes between all pairs of samples. Up to
/// 29 % of the samples may be anything (a burst, a cache that is filled and emptied) without moving
/// it. It has to be too steep in both halves of the span: one step up (a larger picture, say) is no
/// leak. Nothing is said before the warm-up has passed and all samples of the span are there.
///
/// Pure: samples and monotonic time come in. Owned by Incarnation.
class Recycling {
 public:
  Recycling(const RecyclingRule& rule, const RecyclingLimits& limits, std::int64_t started_ns)
      : rule_{rule}, limits_{limits}, started_ns_{started_ns} {}

  /// A sample is due; `take` it.
  [[nodiscard]] bool wants_sample(std::int64_t now_ns) const noexcept;
  void take_sample(std::int64_t now_ns, std::uint64_t anonymous_bytes);

  [[nodiscard]] std::optional<RecyclingReason> due(std::int64_t now_ns) const noexcept;

 private:
  struct Sample {
    std::int64_t at_ns;
    double bytes;
  };

  [[nodiscard]] double bytes_per_hour(std::size_t begin,
                                      std::size_t end) const;  // of these samples

  RecyclingRule rule_;
  RecyclingLimits limits_;
  std::int64_t started_ns_;
  std::deque<Sample> samples_;  // limits_.samples at most, oldest first
  bool grows_ = false;          // by more than it may, over all of them
};

}  // namespace bulkhead::supervisor
