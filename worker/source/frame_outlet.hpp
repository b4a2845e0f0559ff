#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>

#include "common/rtsp_session.hpp"
#include "worker/frame/frame.hpp"
#include "worker/frame/frame_ring.hpp"

namespace bulkhead::worker {

/// What the capture of one camera has done since the worker started. Written by the threads that
/// do the work, read by anyone at any time; the worker copies it into its status page.
struct CaptureCounters {
  std::atomic<std::uint64_t> received_total{0};  // compressed pictures that arrived
  std::atomic<std::uint64_t> decoded_total{0};
  std::atomic<std::uint64_t> attempts_total{0};  // connections tried, the first included
  std::atomic<std::int64_t> last_frame_ns{0};    // monotonic; 0: none yet
};

/// The way out of a source: numbers its frames, counts them and hands them to the ring.
///
/// Owned by CaptureLoop and lives as long as it, so that ids go on over reconnects. `deliver` and
/// `count_received` are called by one decoder thread at a time; the rest by the capture thread
/// while no source runs.
class FrameOutlet {
 public:
  using FirstFrame = std::function<void(const Frame&)>;

  /// The camera's session of this connection; none once it was ended or lost.
  using SessionChanged = std::function<void(const std::optional<RtspSession>&)>;

  FrameOutlet(FrameRing& ring, CaptureCounters& counters, FirstFrame on_first_frame,
              SessionChanged on_session_changed = {});

  /// A new connection starts: its first frame will be reported again.
  void begin_attempt();

  /// Gives the frame its id and pushes it. Blocks only for a ring that is told to; false when
  /// `stop` was requested meanwhile.
  bool deliver(Frame frame, std::stop_token stop);

  void count_received() noexcept;

  /// By the thread that sends the requests, and by the capture thread when it has ended.
  void session_changed(const std::optional<RtspSession>& now) const;

  /// From the first to the last frame of this connection, by their arrival times.
  [[nodiscard]] std::chrono::nanoseconds good_time() const noexcept;

 private:
  FrameRing& ring_;
  CaptureCounters& counters_;
  const FirstFrame on_first_frame_;
  const SessionChanged on_session_changed_;
  std::uint64_t last_id_ = 0;
  std::int64_t first_arrival_ns_ = 0;  // 0: no frame in this connection yet
  std::int64_t last_arrival_ns_ = 0;
};

}  // namespace bulkhead::worker
