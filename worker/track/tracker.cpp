#include "worker/track/tracker.hpp"

#include <algorithm>
#include <utility>

#include "common/clock.hpp"
#include "worker/track/assignment.hpp"
#include "worker/track/association.hpp"

namespace bulkhead::worker {

namespace {

// Least overlaps, ByteTrack's: of what the detector is sure of, of the rest, and of what was seen
// too seldom to be believed.
constexpr float kSureOverlap = 0.2F;
constexpr float kUnsureOverlap = 0.5F;
constexpr float kNewOverlap = 0.3F;

}  // namespace

void Tracker::update(std::int64_t at_ns, const LabelThreshold& sure_confidence,
                     std::span<Object> objects) {
  ended_.clear();
  advance(at_ns);
  Indices known;
  Indices fresh;
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    (tracks_[i].state == TrackState::New ? fresh : known).push_back(i);
  }
  Indices sure;
  Indices unsure;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    objects[i].track_id = 0;
    const bool is_sure = objects[i].confidence >= sure_confidence.of(objects[i].label_id);
    (is_sure ? sure : unsure).push_back(i);
  }
  match(known, sure, kSureOverlap, objects);
  Indices seen_before;
  for (const std::size_t i : known) {
    if (tracks_[i].state == TrackState::Tracked) seen_before.push_back(i);
  }
  std::erase_if(known, [this](std::size_t i) { return tracks_[i].state == TrackState::Tracked; });
  match(seen_before, unsure, kUnsureOverlap, objects);
  match(fresh, sure, kNewOverlap, objects);
  for (const Indices* missed : {&known, &seen_before, &fresh}) {
    for (const std::size_t i : *missed) miss(tracks_[i]);
  }
  drop_ended();
  for (const std::size_t i : sure) begin(objects[i]);
}

void Tracker::forget() {
  ended_.clear();
  for (Track& track : tracks_) end(track);
  tracks_.clear();
}

void Tracker::advance(std::int64_t at_ns) {
  const double seconds = tracks_.empty() ? 0 : to_seconds(at_ns - now_ns_);
  now_ns_ = at_ns;
  for (Track& track : tracks_) {
    if (now_ns_ - track.seen_ns > limits_.lost.count()) {
      end(track);
    } else {
      track.box.predict(seconds);
    }
  }
  drop_ended();
}

/// Takes from both lists what was found to belong together.
void Tracker::match(Indices& tracks, Indices& found, float least_overlap,
                    std::span<Object> objects) {
  std::vector<LabelledBox> expected;
  expected.reserve(tracks.size());
  for (const std::size_t i : tracks) {
    expected.push_back({tracks_[i].box.box(), tracks_[i].label_id});
  }
  std::vector<LabelledBox> seen;
  seen.reserve(found.size());
  for (const std::size_t i : found) seen.push_back({objects[i].box, objects[i].label_id});

  const auto found_of = associate(expected, seen, least_overlap);
  Indices tracks_left;
  std::vector<bool> is_taken(found.size(), false);
  for (std::size_t i = 0; i < tracks.size(); ++i) {
    if (found_of[i] == kUnassigned) {
      tracks_left.push_back(tracks[i]);
      continue;
    }
    const auto one = static_cast<std::size_t>(found_of[i]);
    is_taken[one] = true;
    take(tracks_[tracks[i]], objects[found[one]]);
  }
  Indices found_left;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!is_taken[i]) found_left.push_back(found[i]);
  }
  tracks = std::move(tracks_left);
  found = std::move(found_left);
}

void Tracker::take(Track& track, Object& object) {
  track.box.correct(object.box);
  track.seen_ns = now_ns_;
  ++track.hits;
  if (track.id == 0 && track.hits >= limits_.confirming_hits) track.id = ++last_id_;
  if (track.id != 0) track.state = TrackState::Tracked;
  object.track_id = track.id;
}

void Tracker::miss(Track& track) {
  if (track.state == TrackState::New) return end(track);
  track.state = TrackState::Lost;
  track.box.hold_size();
}

void Tracker::begin(const Object& object) {
  if (tracks_.size() >= limits_.tracks && !make_room()) return;
  tracks_.push_back({.label_id = object.label_id,
                     .hits = 1,
                     .begun_ns = now_ns_,
                     .seen_ns = now_ns_,
                     .box = KalmanBox{object.box}});
}

bool Tracker::make_room() {
  const auto longest = std::ranges::min_element(tracks_, {}, [](const Track& track) {
    return std::pair{track.state != TrackState::Lost, track.seen_ns};
  });
  if (longest == tracks_.end() || longest->state != TrackState::Lost) return false;
  end(*longest);
  tracks_.erase(longest);
  return true;
}

void Tracker::drop_ended() {
  std::erase_if(tracks_, [](const Track& track) { return track.state == TrackState::Ended; });
}

void Tracker::end(Track& track) {
  track.state = TrackState::Ended;
  if (track.id != 0) ended_.push_back(track);
}

}  // namespace bulkhead::worker
