#pragma once

#include <atomic>
#include <cstdint>

#include "common/clock.hpp"
#include "ipc/status_page.hpp"

namespace bulkhead::worker {

/// Shows the supervisor what the detect thread is at, and since when. Used by that thread alone.
class StageTimer {
 public:
  explicit StageTimer(ipc::StatusPage& status) noexcept : status_{status} {}

  /// Enters `stage` and returns the nanoseconds spent in the one before it.
  std::int64_t enter(ipc::Stage stage) noexcept {
    const std::int64_t now = monotonic_ns();
    // The time first, the stage by a release: a reader that sees the new stage sees its time, and
    // one that comes between both takes the old stage for younger than it is. The other way round
    // a long and rightful wait for a frame would look like an inference that hangs.
    status_.stage_since_ns.store(now, std::memory_order_relaxed);
    status_.stage.store(static_cast<std::uint32_t>(stage), std::memory_order_release);
    const std::int64_t spent = since_ns_ == 0 ? 0 : now - since_ns_;
    since_ns_ = now;
    return spent;
  }

 private:
  ipc::StatusPage& status_;
  std::int64_t since_ns_ = 0;
};

}  // namespace bulkhead::worker
