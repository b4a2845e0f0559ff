#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/limits.hpp"
#include "ipc/priority_channel.hpp"

namespace bulkhead::supervisor {

/// Events of one worker that wait for the result of their frame: they come before it, and what
/// becomes of it (told, held, left to another worker) is what becomes of them. A value, owned by
/// Incarnation; used by Session.
class WaitingEvents {
 public:
  using Taken = ipc::PriorityConsumer::Taken;

  /// False: limits::kWaitingEvents wait already.
  [[nodiscard]] bool add(const Taken& event);

  /// Those of this frame and of frames before it, in the order in which they happened.
  [[nodiscard]] std::vector<Taken> take(std::uint64_t frame_id);

  /// Those that were there at the last call already: their frame has no result.
  [[nodiscard]] std::vector<Taken> take_left_over();

  [[nodiscard]] std::vector<Taken> take_all();

  /// For the next program in this process, which has their results yet to read.
  [[nodiscard]] const std::vector<Taken>& events() const noexcept { return events_; }

 private:
  std::vector<Taken> events_;
  std::size_t seen_ = 0;  // of these, at the last call of take_left_over
};

}  // namespace bulkhead::supervisor
