#include "worker/zone/zone_watch.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/clock.hpp"

namespace bulkhead::worker {

namespace {

/// A polygon has no right and no lower border, a picture ends there.
constexpr float kLastPlace = 0.999999F;

std::int64_t to_ns(double seconds) { return static_cast<std::int64_t>(seconds * kNsPerSecond); }

std::uint32_t to_whole_ms(std::int64_t ns) {
  constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(ns / kNsPerMs, 0, kMost));
}

}  // namespace

Point place_of(const Box& box, ZoneAnchor anchor, const Moment& moment) noexcept {
  const float y = box.y + (anchor == ZoneAnchor::Bottom ? box.h : box.h / 2);
  const auto part = [](float pixels, std::uint32_t whole) {
    return std::clamp(pixels / static_cast<float>(whole), 0.0F, kLastPlace);
  };
  return {part(box.x + box.w / 2, moment.width), part(y, moment.height)};
}

ZoneWatch::ZoneWatch(ZoneSpec spec, const std::vector<std::string>& labels) {
  if (!spec.classes.empty()) {
    for (const std::string& label : labels) {
      wanted_.push_back(std::ranges::find(spec.classes, label) != spec.classes.end());
    }
    if (wanted_.empty()) wanted_.push_back(false);
  }
  least_ = most_ = spec.points.front();
  for (const Point& point : spec.points) {
    least_ = {std::min(least_.x, point.x), std::min(least_.y, point.y)};
    most_ = {std::max(most_.x, point.x), std::max(most_.y, point.y)};
  }
  tune(std::move(spec));
}

void ZoneWatch::tune(ZoneSpec spec) {
  spec_ = std::move(spec);
  debounce_ns_ = to_ns(spec_.debounce_seconds);
  dwell_ns_ = to_ns(spec_.dwell_seconds);
}

bool ZoneWatch::is_wanted(std::uint16_t label_id) const noexcept {
  return wanted_.empty() || (label_id < wanted_.size() && wanted_[label_id]);
}

bool ZoneWatch::covers(const Point& place) const noexcept {
  const bool is_near =
      place.x >= least_.x && place.x <= most_.x && place.y >= least_.y && place.y <= most_.y;
  return is_near && contains(spec_.points, place);
}

bool ZoneWatch::holds(const Object& object, const Moment& moment) const noexcept {
  return !spec_.is_line && is_wanted(object.label_id) &&
         object.confidence >= spec_.min_confidence &&
         covers(place_of(object.box, spec_.anchor, moment));
}

bool ZoneWatch::observe(const Object& object, EventList& events) {
  if (!is_wanted(object.label_id)) return false;
  const Moment& moment = events.moment();
  const Point place = place_of(object.box, spec_.anchor, moment);
  State& state = states_[object.track_id];
  state.last = object;
  state.seen_ns = moment.at_ns;
  const bool is_sure = object.confidence >= spec_.min_confidence;
  if (spec_.is_line) {
    if (is_sure) cross(state, place, events);
    return false;
  }
  const bool is_inside = (is_sure || state.inside.value()) && covers(place);
  const std::int64_t entered_ns = state.inside.since_ns();
  if (state.inside.update(is_inside, moment.at_ns, debounce_ns_)) {
    if (is_inside) {
      enter(state, events);
    } else {
      leave(state, state.inside.since_ns() - entered_ns, EventReason::None, events);
    }
  }
  return state.inside.value();
}

void ZoneWatch::cross(State& state, const Point& place, EventList& events) {
  const Direction direction = state.passage.update(spec_.points.front(), spec_.points.back(), place,
                                                   events.moment().at_ns, debounce_ns_);
  if (direction == Direction::None) return;
  add(EventKind::LineCross, state.last, events).direction = direction;
}

ipc::Event& ZoneWatch::add(EventKind kind, const Object& object, EventList& events) const {
  EventList::Entry& entry = events.add(kind, object);
  entry.is_critical = spec_.critical[static_cast<std::size_t>(kind)];
  // Who has left is not to be seen any more, or elsewhere.
  entry.wants_snapshot = spec_.snapshot && kind != EventKind::ZoneLeave;
  entry.event.zone = spec_.name;
  return entry.event;
}

void ZoneWatch::enter(State& state, EventList& events) {
  state.is_dwell_told = false;
  add(EventKind::ZoneEnter, state.last, events);
  occupy(state.last.label_id, 1);
}

void ZoneWatch::leave(State& state, std::int64_t stayed_ns, EventReason reason, EventList& events) {
  ipc::Event& event = add(EventKind::ZoneLeave, state.last, events);
  event.reason = reason;
  event.dwell_ms = to_whole_ms(stayed_ns);
  occupy(state.last.label_id, -1);
}

void ZoneWatch::occupy(std::uint16_t label_id, int by) {
  std::uint32_t& count = occupancy_[label_id];
  told_changes_.try_emplace(label_id, count);
  count = static_cast<std::uint32_t>(static_cast<std::int64_t>(count) + by);
}

void ZoneWatch::end(std::uint32_t track_id, EventList& events) {
  const auto known = states_.find(track_id);
  if (known == states_.end()) return;
  State& state = known->second;
  if (state.inside.value()) {
    leave(state, state.seen_ns - state.inside.since_ns(), EventReason::TrackEnded, events);
  }
  states_.erase(known);
}

void ZoneWatch::close(EventList& events) {
  for (auto& [id, state] : states_) {
    if (!state.inside.value()) continue;
    leave(state, events.moment().at_ns - state.inside.since_ns(), EventReason::ZoneChanged, events);
  }
  states_.clear();
  finish(events);
}

void ZoneWatch::finish(EventList& events) {
  const std::int64_t now_ns = events.moment().at_ns;
  if (dwell_ns_ > 0) {
    for (auto& [id, state] : states_) {
      const std::int64_t stayed_ns = now_ns - state.inside.since_ns();
      if (!state.inside.value() || state.is_dwell_told || stayed_ns < dwell_ns_) continue;
      state.is_dwell_told = true;
      add(EventKind::ZoneDwell, state.last, events).dwell_ms = to_whole_ms(stayed_ns);
    }
  }
  for (const auto& [label_id, told] : std::exchange(told_changes_, {})) {
    const std::uint32_t count = occupancy_[label_id];
    if (count != told) {
      Object only_label;
      only_label.label_id = label_id;
      add(EventKind::ZoneCount, only_label, events).count = count;
    }
    if (count == 0) occupancy_.erase(label_id);
  }
}

}  // namespace bulkhead::worker
