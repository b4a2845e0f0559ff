#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/limits.hpp"
#include "common/token_bucket.hpp"
#include "common/zone_spec.hpp"
#include "ipc/priority_class.hpp"
#include "worker/frame/frame.hpp"
#include "worker/track/track_stage.hpp"
#include "worker/zone/track_lives.hpp"
#include "worker/zone/zone_watch.hpp"

namespace bulkhead::worker {

/// An event on its way to the publisher.
struct ClassedEvent {
  ipc::PriorityClass priority = ipc::PriorityClass::Important;
  ipc::Event event;
  bool wants_snapshot = false;  // by its zone
};

/// The stage after tracking: which zones each tracked object is in, and what happened to tracks and
/// in zones with this frame. Time is the picture's, as TrackStage has it.
///
/// What a zone calls CRITICAL is so up to limits::kCriticalEvents a second; the rest is IMPORTANT.
/// Owned and used by the detect thread.
class SceneStage {
 public:
  struct Settings {
    std::vector<ZoneSpec> zones{};
    bool track_updates = false;
  };

  /// `labels` are the model's.
  SceneStage(Settings settings, std::vector<std::string> labels);

  /// From the next frame on. Who is in a zone that keeps its shape stays in it; everybody leaves
  /// the others, which is told with the next frame.
  void tune(Settings settings);

  /// Sets the zones in which the objects of a frame stand, each by itself: of polygons, by place
  /// and class, before anything of their past is known.
  void mark(const Frame& frame, std::span<Object> objects) const;

  /// After `tracks` has seen the frame. Sets the zones of `objects`.
  [[nodiscard]] std::vector<ClassedEvent> observe(const Frame& frame, TrackStage& tracks,
                                                  std::span<Object> objects);

  /// No frame has come for a while, at this monotonic time: once that is longer than a lost track
  /// is waited for, all end. Their events are of the latest frame.
  [[nodiscard]] std::vector<ClassedEvent> wait(std::int64_t now_ns, TrackStage& tracks);

 private:
  void end_tracks(TrackStage& tracks, EventList& events);
  [[nodiscard]] std::vector<ClassedEvent> classed(EventList& events);

  const std::vector<std::string> labels_;
  std::vector<ZoneWatch> zones_;  // in the order of the bits
  std::vector<ZoneWatch> gone_;   // since the latest frame
  TrackLives lives_;
  Moment latest_;
  std::int64_t arrival_ns_ = 0;  // of the latest frame; 0: none, or what ended since is told
  TokenBucket critical_{limits::kCriticalEvents, limits::kCriticalEventsBurst};
};

}  // namespace bulkhead::worker
