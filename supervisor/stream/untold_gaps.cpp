#include "supervisor/stream/untold_gaps.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace bulkhead::supervisor {

bool UntoldGaps::ByKind::operator()(const OutboxGap& a, const OutboxGap& b) const noexcept {
  constexpr ByName kByName;
  if (kByName(a.session, b.session)) return true;
  if (kByName(b.session, a.session)) return false;
  return std::tie(a.generation, a.priority, a.reason) <
         std::tie(b.generation, b.priority, b.reason);
}

bool UntoldGaps::add(const OutboxGap& gap) {
  if (auto known = gaps_.extract(gap)) {
    OutboxGap& run = known.value();
    run.from = std::min(run.from, gap.from);
    run.to = std::max(run.to, gap.to);
    run.count += gap.count;
    gaps_.insert(std::move(known));
    return true;
  }
  if (gaps_.size() >= most_) return false;
  gaps_.insert(gap);
  return true;
}

std::vector<OutboxGap> UntoldGaps::take() {
  std::vector<OutboxGap> all{gaps_.begin(), gaps_.end()};
  gaps_.clear();
  return all;
}

}  // namespace bulkhead::supervisor
