#include "worker/snapshot/snapshot_stage.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <utility>

#include "common/snapshot_limits.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::int64_t kPauseNs = std::chrono::nanoseconds{limits::kSnapshotPause}.count();

}  // namespace

SnapshotStage::SnapshotStage(SnapshotWriter& writer, std::vector<std::string> labels)
    : writer_{writer}, labels_{std::move(labels)} {}

void SnapshotStage::observe(const Frame& frame, std::span<const Object> objects,
                            std::span<ClassedEvent> events) {
  if (std::ranges::none_of(events, &ClassedEvent::wants_snapshot)) return;
  const std::int64_t now_ns = frame.arrival_ns;
  std::erase_if(taken_ns_, [&](const auto& taken) { return now_ns - taken.second >= kPauseNs; });
  if (!is_due(events)) return;
  for (ClassedEvent& classed : events) {
    if (!classed.wants_snapshot) continue;
    classed.event.has_snapshot = true;
    taken_ns_.try_emplace(classed.event.zone, now_ns);
  }
  WantedSnapshot wanted{.frame = frame, .boxes = {}};
  wanted.boxes.reserve(objects.size());
  for (const Object& object : objects) wanted.boxes.push_back(captioned(object));
  writer_.offer(std::move(wanted));
}

bool SnapshotStage::is_due(std::span<const ClassedEvent> events) const {
  return std::ranges::any_of(events, [&](const ClassedEvent& classed) {
    return classed.wants_snapshot && !taken_ns_.contains(classed.event.zone);
  });
}

/// "person #7 0.91"
CaptionedBox SnapshotStage::captioned(const Object& object) const {
  std::string text = object.label_id < labels_.size() ? labels_[object.label_id]
                                                      : "class " + std::to_string(object.label_id);
  if (object.track_id != 0) text += " #" + std::to_string(object.track_id);
  std::array<char, 16> confidence{};
  std::snprintf(confidence.data(), confidence.size(), " %.2f",
                static_cast<double>(object.confidence));
  return {.box = object.box, .text = text + confidence.data(), .colour = object.label_id};
}

}  // namespace bulkhead::worker
