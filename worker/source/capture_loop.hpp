#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <thread>

#include "common/backoff.hpp"
#include "common/limits.hpp"
#include "worker/source/frame_source.hpp"

namespace bulkhead::worker {

/// What a CaptureLoop tells its worker. Called one after the other, never two at once: by the
/// thread `source`, except `first_frame`, which comes from the decoder's thread. They must not
/// block and must not call the loop. Empty ones are skipped.
struct CaptureEvents {
  std::function<void()> connecting;
  std::function<void(const Frame&)> first_frame;  // of each connection
  /// Before the first frame, by GStreamer's thread; and none when the connection has ended.
  FrameOutlet::SessionChanged session_changed;
  std::function<void(const Error&, std::chrono::milliseconds retry_in)> lost;
  std::function<void()> finished;  // a clip played once is at its end; the thread ends
  /// The pipeline could not be stopped and its threads are still there; the loop has ended. The
  /// process must leave with `_exit`, not through destructors.
  std::function<void(const Error&)> stuck;
};

/// How long to wait before the next attempt.
struct RetryPolicy {
  struct Range {
    std::chrono::milliseconds first;
    std::chrono::milliseconds longest;
  };
  Range transient{limits::kRetryFirst, limits::kRetryLongest};
  Range permanent{limits::kPermanentRetryFirst, limits::kPermanentRetryLongest};
  Range lockout{limits::kLockoutRetryFirst, limits::kLockoutRetryLongest};  // AuthFailed
  std::chrono::milliseconds good_frames = limits::kGoodFramesTime;
  std::uint32_t seed = 1;
  /// Called before the first attempt: what has to be done at the camera before anybody connects.
  /// May take its time, but ends when `stop` is requested. Empty: nothing.
  std::function<void(std::stop_token)> prepare{};
  /// Called after the delay, before every attempt but the first: waits until the connection may
  /// begin; false when `stop` was requested first. Empty: it always may.
  std::function<bool(std::stop_token)> may_connect{};
  /// Waits; false when `stop` was requested first. Replaced in tests that have no clock.
  std::function<bool(std::chrono::milliseconds, std::stop_token)> wait;
};

/// Keeps one camera's frames flowing: runs the source again and again, with a back-off between
/// attempts, on a thread of its own named `source`. Never gives up and never ends the process;
/// a wrong password is only tried again so rarely that a camera does not lock us out.
///
/// The back-off is forgotten after `good_frames` of pictures in one connection, not after a
/// connect that briefly succeeded. Owned by Worker; runs from construction. The destructor stops
/// and joins, and takes no longer than `SourceLimits::teardown` does.
class CaptureLoop {
 public:
  CaptureLoop(std::unique_ptr<FrameSource> source, FrameRing& ring, CaptureCounters& counters,
              CaptureEvents events, RetryPolicy policy = {});
  ~CaptureLoop();

  CaptureLoop(const CaptureLoop&) = delete;
  CaptureLoop& operator=(const CaptureLoop&) = delete;

  /// Asks the thread to end; any thread, any number of times.
  void request_stop() noexcept { thread_.request_stop(); }

  /// Waits for the end of the thread, which needs a stop, a finished clip or a stuck pipeline.
  void join();

 private:
  void run(const std::stop_token& stop);
  std::chrono::milliseconds delay_after(const Error& error);

  const std::unique_ptr<FrameSource> source_;
  CaptureCounters& counters_;
  const CaptureEvents events_;
  const RetryPolicy policy_;
  FrameOutlet outlet_;
  Backoff transient_;
  Backoff permanent_;
  Backoff lockout_;
  std::jthread thread_;  // last: starts when all else is there
};

}  // namespace bulkhead::worker
