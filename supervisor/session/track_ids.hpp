#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "common/detection.hpp"
#include "common/ids.hpp"

namespace bulkhead::supervisor {

/// Makes ids of tracks, which each worker counts from 1, those of a session: never given twice by
/// whichever of its workers, and kept by a thing while one worker follows another.
///
/// A worker's ids begin where its predecessor's ended. Where both have seen the same picture, or
/// nearly, the track of the new one that lies where the old one's lay gets that one's id. One that
/// was hidden just then, or has moved on by half its size before the new worker believes in it,
/// gets another.
///
/// Ids are 32 bits wide. What would be beyond, as of a worker that names absurd ones, is untracked.
/// A value; used by Session, carried over an upgrade.
class TrackIds {
 public:
  /// As much of it as the next program needs.
  struct Carried {
    Generation generation = 0;                         // that is told
    std::uint32_t offset = 0;                          // added to its ids,
    std::map<std::uint32_t, std::uint32_t> continued;  // but for those that a track had before
    std::uint32_t highest = 0;                         // ever told
  };

  TrackIds() = default;
  explicit TrackIds(Carried carried) : now_{std::move(carried)} {}

  /// What the worker of this generation says and is about to be told: its ids become the session's.
  void tell(Generation generation, Detection& detection);

  /// One id by itself, after those of the same frame or a frame before.
  [[nodiscard]] std::uint32_t tell(Generation generation, std::uint32_t id);

  /// Whether the session had this track before the worker of this generation, which is told.
  [[nodiscard]] bool is_continued(Generation generation, std::uint32_t id) const {
    return generation == now_.generation && now_.continued.contains(id);
  }

  /// What a worker says that is not told, because another one tells that frame.
  void compare(Generation generation, const Detection& detection);

  [[nodiscard]] const Carried& carried() const noexcept { return now_; }

 private:
  void begin(Generation generation);
  void continue_tracks(const Detection& own);
  [[nodiscard]] std::uint32_t told(std::uint32_t id) const;

  Carried now_;
  Detection last_told_;
  Detection orphans_;  // of the worker before, as last told: not continued yet
  Detection compared_;
  Generation compared_generation_ = 0;
};

}  // namespace bulkhead::supervisor
