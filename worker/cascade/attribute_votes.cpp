#include "worker/cascade/attribute_votes.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>

#include "common/limits.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::int64_t kForgetAfter = std::chrono::nanoseconds{2 * limits::kTrackLostTime}.count();

}  // namespace

void AttributeVotes::see(std::uint32_t track, std::int64_t now_ns) {
  const auto [found, is_new] = tracks_.try_emplace(track);
  Track& seen = found->second;
  if (is_new) seen.stages.resize(rules_.size());
  seen.seen_ns = now_ns;
  for (Stage& stage : seen.stages) {
    if (stage.frames_to_wait > 0) --stage.frames_to_wait;
  }
  if (tracks_.size() <= limits::kTracks) return;
  tracks_.erase(std::ranges::min_element(tracks_, {},
                                         [](const auto& entry) { return entry.second.seen_ns; }));
}

void AttributeVotes::forget_unseen(std::int64_t now_ns) {
  std::erase_if(tracks_, [now_ns](const auto& entry) {
    return now_ns - entry.second.seen_ns > kForgetAfter;
  });
}

const AttributeVotes::Stage* AttributeVotes::find(std::uint32_t track, std::size_t stage) const {
  assert(stage < rules_.size());
  const auto found = tracks_.find(track);
  return found == tracks_.end() ? nullptr : &found->second.stages[stage];
}

bool AttributeVotes::wants(std::uint32_t track, std::size_t stage) const {
  const Stage* const known = find(track, stage);
  if (known == nullptr) return false;
  const VoteRule& rule = rules_[stage];
  return known->frames_to_wait == 0 && known->votes < rule.votes &&
         known->looks < rule.votes * limits::kLooksPerVote;
}

std::uint32_t AttributeVotes::looks(std::uint32_t track, std::size_t stage) const {
  const Stage* const known = find(track, stage);
  return known == nullptr ? 0 : known->looks;
}

void AttributeVotes::add(std::uint32_t track, std::size_t stage,
                         const std::optional<Finding>& finding) {
  const auto found = tracks_.find(track);
  if (found == tracks_.end()) return;
  Stage& known = found->second.stages[stage];
  ++known.looks;
  known.frames_to_wait = rules_[stage].every_n;
  if (!finding) return;
  ++known.votes;
  known.points[finding->text] += finding->confidence;
}

std::optional<Finding> AttributeVotes::result(std::uint32_t track, std::size_t stage) const {
  const Stage* const known = find(track, stage);
  if (known == nullptr || known->points.empty()) return std::nullopt;
  const auto best =
      std::ranges::max_element(known->points, {}, [](const auto& label) { return label.second; });
  return Finding{best->first, best->second / static_cast<float>(known->votes)};
}

}  // namespace bulkhead::worker
