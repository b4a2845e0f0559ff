#include "worker/cascade/turns.hpp"

#include <algorithm>
#include <cassert>
#include <set>
#include <utility>

#include "common/clock.hpp"

namespace bulkhead::worker {

Turns::Turns(std::vector<Look> looks, std::vector<BranchPace>& paces, std::int64_t deadline_ns)
    : to_do_{std::move(looks)},
      paces_{paces},
      is_busy_(paces.size(), false),
      deadline_ns_{deadline_ns} {}

std::vector<Look> Turns::take() {
  const std::lock_guard lock{mutex_};
  const std::int64_t left_ns = deadline_ns_ - monotonic_ns();
  if (given_up_ || (taken_ > 0 && left_ns <= 0)) return {};
  const auto first =
      std::ranges::find_if(to_do_, [&](const Look& look) { return !is_busy_[look.stage]; });
  if (first == to_do_.end()) return {};
  const std::size_t stage = first->stage;
  const BranchPace& pace = paces_[stage];
  const std::int64_t affordable = pace.look_ns > 0 ? left_ns / pace.look_ns : 1;
  const auto most =
      std::clamp<std::int64_t>(affordable, 1, static_cast<std::int64_t>(pace.most_at_once));
  std::vector<Look> batch;
  for (auto look = first; look != to_do_.end() && std::ssize(batch) < most;) {
    if (look->stage == stage) {
      batch.push_back(*look);
      look = to_do_.erase(look);
    } else {
      ++look;
    }
  }
  is_busy_[stage] = true;
  taken_ += batch.size();
  return batch;
}

void Turns::done(const std::vector<Look>& batch, std::int64_t took_ns) {
  assert(!batch.empty());
  const std::lock_guard lock{mutex_};
  const std::size_t stage = batch.front().stage;
  is_busy_[stage] = false;
  paces_[stage].look_ns = took_ns / std::ssize(batch);
}

void Turns::give_up() {
  const std::lock_guard lock{mutex_};
  given_up_ = true;
}

std::size_t Turns::branches() const {
  const std::lock_guard lock{mutex_};
  std::set<std::size_t> stages;
  for (const Look& look : to_do_) stages.insert(look.stage);
  return stages.size();
}

std::uint64_t Turns::taken() const {
  const std::lock_guard lock{mutex_};
  return taken_;
}

std::uint64_t Turns::left() const {
  const std::lock_guard lock{mutex_};
  return to_do_.size();
}

}  // namespace bulkhead::worker
