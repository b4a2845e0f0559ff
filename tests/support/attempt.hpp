#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/rtsp_session.hpp"
#include "tests/support/hang_limit.hpp"
#include "worker/frame/frame_ring.hpp"
#include "worker/source/frame_source.hpp"

namespace bulkhead::test {

/// Starts GStreamer once in this process and keeps all it says.
void start_gstreamer();
[[nodiscard]] std::string gstreamer_log();

/// One run of a source on a thread of its own; stopped when destroyed.
class Attempt {
 public:
  struct Ring {
    std::size_t frames = 2;
    worker::WhenFull when_full = worker::WhenFull::DropOldest;
  };

  explicit Attempt(Result<std::unique_ptr<worker::FrameSource>> source)
      : Attempt{std::move(source), Ring{}} {}
  Attempt(Result<std::unique_ptr<worker::FrameSource>> source, Ring ring);

  /// Fails the test, with the reason, when there is none.
  std::optional<worker::Frame> next_frame();

  /// How the run ended by itself; a run that succeeded by itself, or not at all, fails the test.
  Error end();

  /// Asks for the end and waits for it.
  Result<> stop();

  [[nodiscard]] const worker::CaptureCounters& counters() const { return counters_; }
  /// What it told of its session at the camera.
  [[nodiscard]] std::vector<std::optional<RtspSession>> sessions() {
    const std::lock_guard lock{sessions_mutex_};
    return sessions_;
  }
  [[nodiscard]] std::chrono::milliseconds lasted() const { return lasted_; }

 private:
  Result<> join();

  worker::FrameRing ring_;
  worker::CaptureCounters counters_;
  std::mutex sessions_mutex_;
  std::vector<std::optional<RtspSession>> sessions_;
  worker::FrameOutlet outlet_;
  std::unique_ptr<worker::FrameSource> source_;
  std::promise<Result<>> ended_;
  std::shared_future<Result<>> future_ = ended_.get_future().share();
  std::chrono::milliseconds lasted_{0};
  std::jthread thread_;
};

}  // namespace bulkhead::test
