#include "worker/canary/agreement.hpp"

#include <algorithm>

#include "common/canary_limits.hpp"

namespace bulkhead::worker {

namespace {

struct Pair {
  float iou;
  std::size_t one;
  std::size_t other;
};

}  // namespace

FrameAgreement agreement_of(const std::vector<NamedBox>& one, const std::vector<NamedBox>& other) {
  std::vector<Pair> pairs;
  for (std::size_t i = 0; i < one.size(); ++i) {
    for (std::size_t j = 0; j < other.size(); ++j) {
      if (one[i].label != other[j].label) continue;
      const float iou = intersection_over_union(one[i].box, other[j].box);
      if (iou >= limits::kCanaryIou) pairs.push_back({iou, i, j});
    }
  }
  std::ranges::stable_sort(pairs, std::ranges::greater{}, &Pair::iou);
  std::vector<bool> one_taken(one.size());
  std::vector<bool> other_taken(other.size());
  FrameAgreement agreement{.matches = 0, .boxes = one.size() + other.size()};
  for (const Pair& pair : pairs) {
    if (one_taken[pair.one] || other_taken[pair.other]) continue;
    one_taken[pair.one] = true;
    other_taken[pair.other] = true;
    ++agreement.matches;
  }
  return agreement;
}

}  // namespace bulkhead::worker
