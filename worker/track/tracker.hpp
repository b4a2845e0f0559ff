#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "common/class_threshold.hpp"
#include "common/detection.hpp"
#include "common/limits.hpp"
#include "worker/track/kalman_box.hpp"

namespace bulkhead::worker {

enum class TrackState : std::uint8_t {
  New,      // seen, not often enough to be believed; has no id and is forgotten when it is missed
  Tracked,  // seen in the latest frame
  Lost,     // expected where it would be by now, and waited for
  Ended,    // waited for in vain, or given up for others
};

/// One thing over many frames.
struct Track {
  std::uint32_t id = 0;  // from 1, in order of confirmation; 0: New
  std::uint16_t label_id = 0;
  TrackState state = TrackState::New;
  std::uint32_t hits = 0;     // frames it was seen in
  std::int64_t begun_ns = 0;  // when it was first seen
  std::int64_t seen_ns = 0;   // and last
  KalmanBox box;              // where it is at the time of the latest frame
};

struct TrackLimits {
  std::size_t tracks = limits::kTracks;
  std::uint32_t confirming_hits = limits::kTrackConfirmingHits;  // at least 2
  std::chrono::nanoseconds lost = limits::kTrackLostTime;
};

/// Finds out which objects of successive frames are the same thing, by where it must be by now.
///
/// Association in two stages as in ByteTrack (Y. Zhang et al., ECCV 2022), each label by itself:
/// first objects that the detector is sure of, with all confirmed tracks, lost ones included; then
/// the others, with the tracks that were seen in the frame before, because what is half hidden
/// scores low and what nobody tracked before is most often nothing. What is left of the first
/// confirms or begins tracks. The thresholds are ByteTrack's.
///
/// At its limit of tracks a new one takes the place of the one that has been lost for longest;
/// where none is lost the object stays untracked and is offered again with the next frame.
///
/// Time is the caller's: a gap of any length between two frames is fine, and one longer than a lost
/// track is waited for ends all. Owned by TrackStage and used by the detect thread. An id is never
/// given twice, also not after `forget`.
class Tracker {
 public:
  explicit Tracker(const TrackLimits& limits = {}) : limits_{limits} {}

  /// One frame, no earlier than the one before. `objects` of at least the `sure_confidence` of
  /// their label may begin a track, others only continue one. Sets `track_id` of each that belongs
  /// to a confirmed track.
  void update(std::int64_t at_ns, const LabelThreshold& sure_confidence, std::span<Object> objects);

  /// Ends all tracks: what comes has nothing to do with what was.
  void forget();

  /// All that are alive, in order of their beginning.
  [[nodiscard]] std::span<const Track> tracks() const noexcept { return tracks_; }

  /// Confirmed ones that ended with the latest `update` or `forget`.
  [[nodiscard]] std::span<const Track> ended() const noexcept { return ended_; }

 private:
  using Indices = std::vector<std::size_t>;

  void advance(std::int64_t at_ns);
  void match(Indices& tracks, Indices& found, float least_overlap, std::span<Object> objects);
  void take(Track& track, Object& object);
  void miss(Track& track);
  void begin(const Object& object);
  bool make_room();
  void end(Track& track);
  void drop_ended();

  TrackLimits limits_;
  std::vector<Track> tracks_;
  std::vector<Track> ended_;
  std::int64_t now_ns_ = 0;
  std::uint32_t last_id_ = 0;  // four thousand million: a person a second for a century
};

}  // namespace bulkhead::worker
