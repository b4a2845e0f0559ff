#include "supervisor/session/track_ids.hpp"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <limits>
#include <vector>

#include "common/clock.hpp"

namespace bulkhead::supervisor {

namespace {

/// Boxes of one thing by two workers, of the same frame or of one soon after, overlap by more.
constexpr float kSameThing = 0.5F;

/// How soon after: until a worker that follows a dead one believes in what it sees.
constexpr std::int64_t kSoon = kNsPerSecond;

bool is_soon_after(const Detection& before, const Detection& now) {
  const bool timed = before.camera_ns != 0 && now.camera_ns != 0;
  const std::int64_t passed =
      timed ? now.camera_ns - before.camera_ns : now.arrival_ns - before.arrival_ns;
  return std::abs(passed) < kSoon;
}

struct Pair {
  std::uint32_t told;
  std::uint32_t own;
  float overlap;
};

/// Those that overlap most come first.
std::vector<Pair> pairs_of(const Detection& told, const Detection& own) {
  std::vector<Pair> pairs;
  for (const Object& before : told.objects) {
    for (const Object& now : own.objects) {
      if (before.track_id == 0 || before.label_id != now.label_id) continue;
      const float overlap = intersection_over_union(before.box, now.box);
      if (overlap > kSameThing) pairs.push_back({before.track_id, now.track_id, overlap});
    }
  }
  std::ranges::stable_sort(pairs, std::ranges::greater{}, &Pair::overlap);
  return pairs;
}

}  // namespace

void TrackIds::tell(Generation generation, Detection& detection) {
  if (generation != now_.generation) begin(generation);
  continue_tracks(detection);
  for (Object& object : detection.objects) {
    object.track_id = told(object.track_id);
    now_.highest = std::max(now_.highest, object.track_id);
  }
  last_told_ = detection;
}

std::uint32_t TrackIds::tell(Generation generation, std::uint32_t id) {
  if (generation != now_.generation) begin(generation);
  const std::uint32_t as_told = told(id);
  now_.highest = std::max(now_.highest, as_told);
  return as_told;
}

void TrackIds::compare(Generation generation, const Detection& detection) {
  compared_generation_ = generation;
  compared_ = detection;
}

void TrackIds::begin(Generation generation) {
  now_ = {
      .generation = generation, .offset = now_.highest, .continued = {}, .highest = now_.highest};
  orphans_ = last_told_;
  if (compared_generation_ == generation) continue_tracks(compared_);
}

void TrackIds::continue_tracks(const Detection& own) {
  if (orphans_.objects.empty()) return;
  if (!is_soon_after(orphans_, own)) return orphans_.objects.clear();
  for (const Pair& pair : pairs_of(orphans_, own)) {
    const auto orphan = std::ranges::find(orphans_.objects, pair.told, &Object::track_id);
    // A worker numbers its tracks as it begins to believe in them: this one has been told before,
    // or is untracked.
    const bool is_known = told(pair.own) <= now_.highest;
    if (orphan == orphans_.objects.end() || is_known) continue;
    now_.continued.emplace(pair.own, pair.told);
    orphans_.objects.erase(orphan);
  }
}

std::uint32_t TrackIds::told(std::uint32_t id) const {
  if (id == 0) return 0;
  const auto continued = now_.continued.find(id);
  if (continued != now_.continued.end()) return continued->second;
  return id > std::numeric_limits<std::uint32_t>::max() - now_.offset ? 0 : now_.offset + id;
}

}  // namespace bulkhead::supervisor
