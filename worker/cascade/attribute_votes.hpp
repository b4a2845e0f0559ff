#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/stage_spec.hpp"
#include "worker/cascade/classifier.hpp"

namespace bulkhead::worker {

/// What the stages below the root have found of each track so far, and what that amounts to.
///
/// A label gets as many points as its findings were certain; the one with most points stands for
/// the track, certain as its points are a part of all findings: five times "van" at 0.8 is 0.8,
/// four times and once "bus" at 0.9 is 0.64. A finding that is told once stays with its track to
/// the end.
///
/// Memory: at most limits::kTracks tracks, the one seen longest ago gives way; a track that was not
/// seen for twice limits::kTrackLostTime is forgotten, for its number does not come back. Owned by
/// a Cascade, used by the detect thread. Time is monotonic, of the frames.
class AttributeVotes {
 public:
  explicit AttributeVotes(std::vector<VoteRule> rules) : rules_{std::move(rules)} {}

  /// The tracks of a frame, before anything else is asked of them.
  void see(std::uint32_t track, std::int64_t now_ns);
  void forget_unseen(std::int64_t now_ns);

  /// Whether the stage should look at the track in this frame: not all its votes are in, it is
  /// every_n frames since it last did, and it has not looked in vain too often.
  [[nodiscard]] bool wants(std::uint32_t track, std::size_t stage) const;

  /// How often the stage has looked: who was looked at least comes first.
  [[nodiscard]] std::uint32_t looks(std::uint32_t track, std::size_t stage) const;

  /// One look and what it found; nothing where that was too uncertain or not there.
  void add(std::uint32_t track, std::size_t stage, const std::optional<Finding>& finding);

  [[nodiscard]] std::optional<Finding> result(std::uint32_t track, std::size_t stage) const;

 private:
  struct Stage {
    std::map<std::string, float> points;
    std::uint32_t votes = 0;
    std::uint32_t looks = 0;
    std::uint32_t frames_to_wait = 0;
  };
  struct Track {
    std::vector<Stage> stages;
    std::int64_t seen_ns = 0;
  };

  [[nodiscard]] const Stage* find(std::uint32_t track, std::size_t stage) const;

  std::vector<VoteRule> rules_;  // by stage
  std::map<std::uint32_t, Track> tracks_;
};

}  // namespace bulkhead::worker
