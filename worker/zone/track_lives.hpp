#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>

#include "worker/track/tracker.hpp"
#include "worker/zone/event_list.hpp"

namespace bulkhead::worker {

/// Tells the lives of tracks: that one is believed, is lost for limits::kTrackLostTold, has ended;
/// where wanted also that it goes on, once each limits::kTrackUpdatePause. One that was told to be
/// lost and is found again is told by an update, wanted or not.
///
/// As many entries as there are confirmed tracks. Owned by SceneStage, used by the detect thread.
class TrackLives {
 public:
  void want_updates(bool wanted) noexcept { wants_updates_ = wanted; }

  /// After the tracker has seen the frame: all tracks that are alive, and the frame's objects.
  void observe(std::span<const Track> tracks, std::span<const Object> objects, EventList& events);

  /// One that is alive no more.
  void end(const Track& track, EventList& events);

 private:
  struct Life {
    Object last;
    std::optional<std::int64_t> told_ns;  // new, or what came last; none: not yet
    bool is_lost_told = false;
  };

  void follow(const Track& track, Life& life, EventList& events) const;

  bool wants_updates_ = false;
  std::map<std::uint32_t, Life> lives_;  // by track
};

}  // namespace bulkhead::worker
