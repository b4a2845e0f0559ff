#include "worker/detect/nms.hpp"

#include <algorithm>
#include <tuple>

namespace bulkhead::worker {

namespace {

bool before(const Candidate& a, const Candidate& b) noexcept {
  const auto place = [](const Candidate& c) {
    return std::tie(c.label_id, c.left, c.top, c.right, c.bottom);
  };
  return a.confidence != b.confidence ? a.confidence > b.confidence : place(a) < place(b);
}

float area(const Candidate& box) noexcept {
  return (box.right - box.left) * (box.bottom - box.top);
}

}  // namespace

float intersection_over_union(const Candidate& a, const Candidate& b) noexcept {
  const float width = std::min(a.right, b.right) - std::max(a.left, b.left);
  const float height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  if (width <= 0 || height <= 0) return 0;
  const float shared = width * height;
  return shared / (area(a) + area(b) - shared);
}

void keep_best(std::vector<Candidate>& candidates, std::size_t most) {
  if (candidates.size() > most) {
    const auto end = candidates.begin() + static_cast<std::ptrdiff_t>(most);
    std::nth_element(candidates.begin(), end, candidates.end(), before);
    candidates.erase(end, candidates.end());
  }
  std::sort(candidates.begin(), candidates.end(), before);
}

void suppress_overlaps(std::vector<Candidate>& candidates, const LabelThreshold& max_iou,
                       std::size_t most_candidates, std::size_t most_objects) {
  keep_best(candidates, most_candidates);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < candidates.size() && kept < most_objects; ++i) {
    const Candidate candidate = candidates[i];
    const float most = max_iou.of(candidate.label_id);
    const auto overlaps = [&](const Candidate& better) {
      return better.label_id == candidate.label_id &&
             intersection_over_union(better, candidate) > most;
    };
    const auto end = candidates.begin() + static_cast<std::ptrdiff_t>(kept);
    if (std::none_of(candidates.begin(), end, overlaps)) candidates[kept++] = candidate;
  }
  candidates.resize(kept);
}

}  // namespace bulkhead::worker
