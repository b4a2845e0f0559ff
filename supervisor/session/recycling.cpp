#include "supervisor/session/recycling.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

namespace bulkhead::supervisor {

using std::chrono::nanoseconds;

namespace {

constexpr double kNsPerHour = 3600e9;

std::int64_t in_ns(Millis time) { return nanoseconds{time}.count(); }

}  // namespace

std::string_view name_of(RecyclingReason reason) noexcept {
  return reason == RecyclingReason::Age ? "RECYCLED_AGE" : "RECYCLED_MEMORY";
}

bool Recycling::wants_sample(std::int64_t now_ns) const noexcept {
  if (rule_.max_growth_bytes_per_hour == 0) return false;
  if (samples_.empty()) return now_ns - started_ns_ >= in_ns(limits_.warm_up);
  return now_ns - samples_.back().at_ns >= in_ns(limits_.sample_interval);
}

void Recycling::take_sample(std::int64_t now_ns, std::uint64_t anonymous_bytes) {
  samples_.push_back({now_ns, static_cast<double>(anonymous_bytes)});
  if (samples_.size() > limits_.samples) samples_.pop_front();
  if (samples_.size() < limits_.samples) return;
  const std::size_t middle = samples_.size() / 2;
  grows_ = std::min(bytes_per_hour(0, middle), bytes_per_hour(middle, samples_.size())) >
           static_cast<double>(rule_.max_growth_bytes_per_hour);
}

std::optional<RecyclingReason> Recycling::due(std::int64_t now_ns) const noexcept {
  if (rule_.max_age.count() > 0 && now_ns - started_ns_ >= in_ns(rule_.max_age)) {
    return RecyclingReason::Age;
  }
  if (grows_) return RecyclingReason::Memory;
  return std::nullopt;
}

double Recycling::bytes_per_hour(std::size_t begin, std::size_t end) const {
  std::vector<double> slopes;
  for (std::size_t i = begin; i < end; ++i) {
    for (std::size_t j = i + 1; j < end; ++j) {
      const auto elapsed_ns = static_cast<double>(samples_[j].at_ns - samples_[i].at_ns);
      slopes.push_back((samples_[j].bytes - samples_[i].bytes) / elapsed_ns * kNsPerHour);
    }
  }
  const auto middle = slopes.begin() + static_cast<std::ptrdiff_t>(slopes.size() / 2);
  std::nth_element(slopes.begin(), middle, slopes.end());
  return *middle;
}

}  // namespace bulkhead::supervisor
