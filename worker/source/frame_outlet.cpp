#include "worker/source/frame_outlet.hpp"

#include <utility>

namespace bulkhead::worker {

FrameOutlet::FrameOutlet(FrameRing& ring, CaptureCounters& counters, FirstFrame on_first_frame,
                         SessionChanged on_session_changed)
    : ring_{ring},
      counters_{counters},
      on_first_frame_{std::move(on_first_frame)},
      on_session_changed_{std::move(on_session_changed)} {}

void FrameOutlet::begin_attempt() {
  first_arrival_ns_ = 0;
  last_arrival_ns_ = 0;
}

bool FrameOutlet::deliver(Frame frame, std::stop_token stop) {
  frame.id = ++last_id_;
  last_arrival_ns_ = frame.arrival_ns;
  counters_.decoded_total.fetch_add(1, std::memory_order_relaxed);
  counters_.last_frame_ns.store(frame.arrival_ns, std::memory_order_relaxed);
  if (first_arrival_ns_ == 0) {
    first_arrival_ns_ = frame.arrival_ns;
    if (on_first_frame_) on_first_frame_(frame);
  }
  return ring_.push(std::move(frame), std::move(stop));
}

void FrameOutlet::count_received() noexcept {
  counters_.received_total.fetch_add(1, std::memory_order_relaxed);
}

void FrameOutlet::session_changed(const std::optional<RtspSession>& now) const {
  if (on_session_changed_) on_session_changed_(now);
}

std::chrono::nanoseconds FrameOutlet::good_time() const noexcept {
  return std::chrono::nanoseconds{last_arrival_ns_ - first_arrival_ns_};
}

}  // namespace bulkhead::worker
