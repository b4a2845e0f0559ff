#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "common/detection.hpp"
#include "worker/frame/frame.hpp"
#include "worker/track/tracker.hpp"

namespace bulkhead::worker {

/// The stage between detection and publishing: gives objects the ids of their tracks, and decides
/// with them which of the boxes that the detector is unsure of are worth telling.
///
/// Owned and used by the detect thread. Switched off it leaves all as it is.
class TrackStage {
 public:
  struct Settings {
    bool on = true;
    LabelThreshold min_confidence{};  // below it an object is told only while it is tracked
  };

  explicit TrackStage(const Settings& settings) : settings_{settings} {}

  /// From the next frame on. Switched off and on again, all tracks are other ones.
  void tune(const Settings& settings);

  /// Of successive frames, each once. A picture of another size begins anew.
  void track(const Frame& frame, std::vector<Object>& objects);

  /// It would be told without a track.
  [[nodiscard]] bool is_sure_of(const Object& object) const noexcept {
    return object.confidence >= settings_.min_confidence.of(object.label_id);
  }

  /// Ends all tracks: no picture has come for longer than one is waited for.
  void forget();

  /// Of the latest frame; only differences mean anything.
  [[nodiscard]] std::int64_t now_ns() const noexcept { return now_ns_; }

  /// All that are alive.
  [[nodiscard]] std::span<const Track> tracks() const noexcept { return tracker_.tracks(); }

  /// Confirmed ones that have ended since the last call, for whatever reason. To be called for each
  /// frame.
  [[nodiscard]] std::vector<Track> take_ended() { return std::exchange(ended_, {}); }

 private:
  void advance(const Frame& frame);
  void keep_ended();

  Settings settings_;
  Tracker tracker_;
  std::vector<Track> ended_;
  std::int64_t now_ns_ = 0;  // of the pictures: only differences mean anything
  std::int64_t camera_ns_ = 0;
  std::int64_t arrival_ns_ = 0;
  std::uint32_t width_ = 0;
  std::uint32_t height_ = 0;
};

/// What the detector must hand over: with boxes below `min_confidence` where those can continue a
/// track. They change nothing of those above, for suppression goes by falling confidence.
[[nodiscard]] float least_confidence(bool tracks, float min_confidence) noexcept;

}  // namespace bulkhead::worker
