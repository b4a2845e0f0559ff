#include "deploy/quantize/comparison.hpp"

#include <algorithm>
#include <cassert>

#include "common/thread_cpu.hpp"

namespace bulkhead::deploy {

namespace {

constexpr float kSamePlace = 0.5F;

float overlap(const Box& a, const Box& b) {
  const float width = std::min(a.x + a.w, b.x + b.w) - std::max(a.x, b.x);
  const float height = std::min(a.y + a.h, b.y + b.h) - std::max(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  return width * height / (a.w * a.h + b.w * b.h - width * height);
}

std::size_t shared(const std::vector<Object>& one, std::vector<Object> other) {
  const std::size_t all = other.size();
  for (const Object& object : one) {
    const auto same = std::ranges::find_if(other, [&](const Object& candidate) {
      return candidate.label_id == object.label_id &&
             overlap(candidate.box, object.box) >= kSamePlace;
    });
    if (same != other.end()) other.erase(same);
  }
  return all - other.size();
}

}  // namespace

Result<> Comparison::look_at(const worker::Frame& picture) {
  const std::int64_t begin_ns = thread_cpu_ns();
  const auto one = one_.detect(picture);
  if (!one) return one.error();
  const std::int64_t between_ns = thread_cpu_ns();
  const auto other = other_.detect(picture);
  if (!other) return other.error();
  const std::int64_t end_ns = thread_cpu_ns();
  found_by_one_ += one->size();
  found_by_other_ += other->size();
  found_by_both_ += shared(*one, *other);
  speeds_.push_back(static_cast<double>(between_ns - begin_ns) /
                    static_cast<double>(end_ns - between_ns));
  return {};
}

double Comparison::speed_of_other() const {
  assert(!speeds_.empty());
  std::vector<double> sorted = speeds_;
  std::ranges::sort(sorted);
  return sorted[sorted.size() / 2];
}

}  // namespace bulkhead::deploy
