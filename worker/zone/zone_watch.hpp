#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/zone_spec.hpp"
#include "worker/zone/debounced.hpp"
#include "worker/zone/event_list.hpp"
#include "worker/zone/line_passage.hpp"

namespace bulkhead::worker {

/// One zone or line and the tracks that have been seen since they began: who is in, for how long,
/// how many of each class. As many states as there are tracks at most.
///
/// A track that is lost is where it was last seen until it is found or ends, and its stay goes on.
/// Owned by SceneStage and used by the detect thread.
class ZoneWatch {
 public:
  /// `labels` are the model's.
  ZoneWatch(ZoneSpec spec, const std::vector<std::string>& labels);

  [[nodiscard]] const ZoneSpec& spec() const noexcept { return spec_; }

  /// Other times and classes of events; has_same_shape: who is in stays in.
  void tune(ZoneSpec spec);

  /// Whether an object stands in the polygon in this frame, whatever was before.
  [[nodiscard]] bool holds(const Object& object, const Moment& moment) const noexcept;

  /// One tracked object of the frame. True: it is in the zone.
  bool observe(const Object& object, EventList& events);

  /// The track is no more.
  void end(std::uint32_t track_id, EventList& events);

  /// Everybody leaves: the zone is no more.
  void close(EventList& events);

  /// After all of the frame: stays that have become long, and how many there are.
  void finish(EventList& events);

 private:
  struct State {
    Object last;
    std::int64_t seen_ns = 0;
    Debounced inside;
    LinePassage passage;
    bool is_dwell_told = false;
  };

  [[nodiscard]] bool is_wanted(std::uint16_t label_id) const noexcept;
  [[nodiscard]] bool covers(const Point& place) const noexcept;
  ipc::Event& add(EventKind kind, const Object& object, EventList& events) const;
  void enter(State& state, EventList& events);
  void leave(State& state, std::int64_t stayed_ns, EventReason reason, EventList& events);
  void cross(State& state, const Point& place, EventList& events);
  void occupy(std::uint16_t label_id, int by);

  ZoneSpec spec_;
  std::int64_t debounce_ns_ = 0;
  std::int64_t dwell_ns_ = 0;
  std::vector<bool> wanted_;  // by label; empty: all
  Point least_;               // of the rectangle around it
  Point most_;
  std::unordered_map<std::uint32_t, State> states_;      // by track
  std::map<std::uint16_t, std::uint32_t> occupancy_;     // who is in, by label
  std::map<std::uint16_t, std::uint32_t> told_changes_;  // what was told of labels that changed
};

/// The point of a box that decides where it is, in parts of the picture, and in the picture: who is
/// cut off by its lower edge stands just above.
[[nodiscard]] Point place_of(const Box& box, ZoneAnchor anchor, const Moment& moment) noexcept;

}  // namespace bulkhead::worker
