#include "worker/track/track_stage.hpp"

#include <algorithm>
#include <cstdlib>

#include "common/clock.hpp"

namespace bulkhead::worker {

namespace {

/// Below it boxes are noise: the lower threshold of ByteTrack.
constexpr float kLeastConfidence = 0.1F;

/// How far camera and arrival may disagree on the time between two frames. A network holds frames
/// up for less; more is a clock that was set.
constexpr std::int64_t kClockLeap = kNsPerSecond;

}  // namespace

float least_confidence(bool tracks, float min_confidence) noexcept {
  return tracks ? std::min(kLeastConfidence, min_confidence) : min_confidence;
}

void TrackStage::tune(const Settings& settings) {
  if (!settings.on) forget();
  settings_ = settings;
}

void TrackStage::forget() {
  tracker_.forget();
  keep_ended();
}

void TrackStage::keep_ended() {
  ended_.insert(ended_.end(), tracker_.ended().begin(), tracker_.ended().end());
}

void TrackStage::track(const Frame& frame, std::vector<Object>& objects) {
  if (!settings_.on) return;
  advance(frame);
  tracker_.update(now_ns_, settings_.min_confidence, objects);
  keep_ended();
  std::erase_if(objects, [this](const Object& object) {
    return object.track_id == 0 && object.confidence < settings_.min_confidence.of(object.label_id);
  });
}

/// By the camera's clock where it tells and is believed: frames that came in a burst were not taken
/// in one.
void TrackStage::advance(const Frame& frame) {
  if (frame.width != width_ || frame.height != height_) forget();
  const std::int64_t arrived = std::max<std::int64_t>(frame.arrival_ns - arrival_ns_, 0);
  const std::int64_t taken = frame.camera_ns - camera_ns_;
  const bool is_timed = frame.camera_ns != 0 && camera_ns_ != 0 && taken >= 0 &&
                        std::abs(taken - arrived) < kClockLeap;
  now_ns_ += is_timed ? taken : arrived;
  camera_ns_ = frame.camera_ns;
  arrival_ns_ = frame.arrival_ns;
  width_ = frame.width;
  height_ = frame.height;
}

}  // namespace bulkhead::worker
