#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "ipc/event.hpp"

namespace bulkhead::worker {

/// The frame of which events are told.
struct Moment {
  std::int64_t at_ns = 0;  // of the pictures, as TrackStage has it
  std::uint64_t frame_id = 0;
  std::int64_t capture_wall_ns = 0;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
};

/// The events of one frame, in order. Bounded by what can happen: each track may leave each zone
/// at once.
class EventList {
 public:
  struct Entry {
    ipc::Event event;
    bool is_critical = false;     // by its zone
    bool wants_snapshot = false;  // likewise
  };

  explicit EventList(const Moment& moment) : moment_{moment} {}

  [[nodiscard]] const Moment& moment() const noexcept { return moment_; }

  Entry& add(EventKind kind, const Object& object) {
    entries_.push_back({.event = {.kind = kind,
                                  .frame_id = moment_.frame_id,
                                  .capture_wall_ns = moment_.capture_wall_ns,
                                  .width = moment_.width,
                                  .height = moment_.height,
                                  .zone = {},
                                  .object = object}});
    return entries_.back();
  }

  [[nodiscard]] std::vector<Entry> take() { return std::exchange(entries_, {}); }

 private:
  Moment moment_;
  std::vector<Entry> entries_;
};

}  // namespace bulkhead::worker
