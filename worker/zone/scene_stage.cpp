#include "worker/zone/scene_stage.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

namespace bulkhead::worker {

SceneStage::SceneStage(Settings settings, std::vector<std::string> labels)
    : labels_{std::move(labels)} {
  tune(std::move(settings));
}

void SceneStage::tune(Settings settings) {
  std::vector<ZoneWatch> before = std::exchange(zones_, {});
  for (ZoneSpec& spec : settings.zones) {
    const auto same = std::ranges::find_if(
        before, [&](const ZoneWatch& zone) { return zone.spec().has_same_shape(spec); });
    if (same == before.end()) {
      zones_.emplace_back(std::move(spec), labels_);
      continue;
    }
    zones_.push_back(std::move(*same));
    before.erase(same);
    zones_.back().tune(std::move(spec));
  }
  std::ranges::move(before, std::back_inserter(gone_));
  lives_.want_updates(settings.track_updates);
}

void SceneStage::mark(const Frame& frame, std::span<Object> objects) const {
  const Moment moment{.width = frame.width, .height = frame.height};
  for (Object& object : objects) {
    object.zones = 0;
    for (std::size_t i = 0; i < zones_.size(); ++i) {
      if (zones_[i].holds(object, moment)) object.zones |= 1U << i;
    }
  }
}

std::vector<ClassedEvent> SceneStage::observe(const Frame& frame, TrackStage& tracks,
                                              std::span<Object> objects) {
  latest_ = {.at_ns = tracks.now_ns(),
             .frame_id = frame.id,
             .capture_wall_ns = frame.capture_wall_ns,
             .width = frame.width,
             .height = frame.height};
  arrival_ns_ = frame.arrival_ns;
  EventList events{latest_};
  for (ZoneWatch& zone : std::exchange(gone_, {})) zone.close(events);
  end_tracks(tracks, events);
  lives_.observe(tracks.tracks(), objects, events);
  for (Object& object : objects) {
    if (object.track_id == 0) continue;
    for (std::size_t i = 0; i < zones_.size(); ++i) {
      if (zones_[i].observe(object, events)) object.zones |= 1U << i;
    }
  }
  for (ZoneWatch& zone : zones_) zone.finish(events);
  return classed(events);
}

std::vector<ClassedEvent> SceneStage::wait(std::int64_t now_ns, TrackStage& tracks) {
  constexpr std::int64_t kLostNs = std::chrono::nanoseconds{limits::kTrackLostTime}.count();
  if (arrival_ns_ == 0 || now_ns - arrival_ns_ <= kLostNs) return {};
  arrival_ns_ = 0;
  tracks.forget();
  EventList events{latest_};
  end_tracks(tracks, events);
  for (ZoneWatch& zone : zones_) zone.finish(events);
  return classed(events);
}

void SceneStage::end_tracks(TrackStage& tracks, EventList& events) {
  for (const Track& track : tracks.take_ended()) {
    for (ZoneWatch& zone : zones_) zone.end(track.id, events);
    lives_.end(track, events);
  }
}

std::vector<ClassedEvent> SceneStage::classed(EventList& events) {
  std::vector<ClassedEvent> out;
  for (EventList::Entry& entry : events.take()) {
    const bool may_be_critical =
        entry.is_critical && critical_.ready_ns(events.moment().at_ns) <= events.moment().at_ns;
    if (may_be_critical) critical_.take(events.moment().at_ns);
    out.push_back(
        {.priority = may_be_critical ? ipc::PriorityClass::Critical : ipc::PriorityClass::Important,
         .event = std::move(entry.event),
         .wants_snapshot = entry.wants_snapshot});
  }
  return out;
}

}  // namespace bulkhead::worker
