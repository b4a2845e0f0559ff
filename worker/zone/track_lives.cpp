#include "worker/zone/track_lives.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

#include "common/clock.hpp"
#include "common/limits.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::int64_t kLostToldNs = std::chrono::nanoseconds{limits::kTrackLostTold}.count();
constexpr std::int64_t kUpdatePauseNs = std::chrono::nanoseconds{limits::kTrackUpdatePause}.count();

std::uint32_t age_ms(const Track& track) {
  constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>((track.seen_ns - track.begun_ns) / kNsPerMs, 0, kMost));
}

}  // namespace

void TrackLives::observe(std::span<const Track> tracks, std::span<const Object> objects,
                         EventList& events) {
  for (const Object& object : objects) {
    if (object.track_id != 0) lives_[object.track_id].last = object;
  }
  for (const Track& track : tracks) {
    const auto life = lives_.find(track.id);
    if (track.id != 0 && life != lives_.end()) follow(track, life->second, events);
  }
}

void TrackLives::follow(const Track& track, Life& life, EventList& events) const {
  const std::int64_t now_ns = events.moment().at_ns;
  const auto tell = [&](EventKind kind) {
    events.add(kind, life.last).event.dwell_ms = age_ms(track);
    life.told_ns = now_ns;
  };
  if (!life.told_ns) return tell(EventKind::TrackNew);
  if (track.state == TrackState::Lost) {
    if (life.is_lost_told || now_ns - track.seen_ns < kLostToldNs) return;
    life.is_lost_told = true;
    return tell(EventKind::TrackLost);
  }
  const bool is_found = life.is_lost_told;
  life.is_lost_told = false;
  const bool is_due = wants_updates_ && now_ns - *life.told_ns >= kUpdatePauseNs;
  if (is_found || is_due) tell(EventKind::TrackUpdate);
}

void TrackLives::end(const Track& track, EventList& events) {
  const auto life = lives_.find(track.id);
  if (life == lives_.end()) return;
  events.add(EventKind::TrackEnd, life->second.last).event.dwell_ms = age_ms(track);
  lives_.erase(life);
}

}  // namespace bulkhead::worker
