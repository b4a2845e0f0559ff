#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <stop_token>
#include <utility>
#include <vector>

#include "tests/support/pictures.hpp"
#include "worker/pipeline/detect_loop.hpp"

namespace bulkhead::worker {

struct LoopRun {
  double max_fps = 0;
  FrameRules frames{};
  bool stop_after_last_frame = true;
};

/// Runs the loop on this thread over scripted frames; the last inference stops it.
class DetectLoopTest : public testing::Test {
 protected:
  using PriorityClass = ipc::PriorityClass;
  using Stage = ipc::Stage;
  using Taken = ipc::PriorityConsumer::Taken;

  static constexpr std::int64_t kMs = 1'000'000;

  DetectLoopTest() { camera_.model_loaded(); }

  /// Nothing moves: frames rest but for the floor rate.
  static FrameRules resting(double floor_fps) {
    return {.every_n = 1,
            .motion = MotionRule{.min_area = 0.01F, .floor_fps = floor_fps},
            .region = {},
            .masks = {}};
  }

  void give(std::uint64_t id, std::int64_t arrival_ms, std::uint8_t luma = 128) {
    Frame frame = test::plain_i420(id, 64, 48, luma);
    frame.arrival_ns = arrival_ms * kMs;
    frame.capture_wall_ns = 42;
    ASSERT_TRUE(ring_.push(std::move(frame), {}));
  }

  Result<> run(LoopRun how = {}) {
    DetectLoop loop{
        {.ring = ring_,
         .infer =
             [this, how](const Frame& frame) {
               stages_.push_back(static_cast<Stage>(status().stage.load()));
               auto answer = infer_(frame);
               if (how.stop_after_last_frame && ring_.depth() == 0) stop_.request_stop();
               return answer;
             },
         .publisher = publisher_,
         .preview = preview_,
         .camera = camera_,
         .status = status(),
         .tuning = tuning_,
         .context = context_,
         .tune =
             [this](const ipc::Reconfigure& tuning) { tuned_.push_back(tuning.min_confidence); },
         .on_first_inferred = [this] { ++first_inferred_; }},
        how.max_fps,
        how.frames};
    return loop.run(stop_.get_token());
  }

  std::vector<Taken> take_all() {
    std::vector<Taken> all;
    for (;;) {
      auto taken = consumer_.try_take();
      EXPECT_TRUE(taken);
      if (!taken || !*taken) return all;
      all.push_back(std::move(**taken));
    }
  }

  ipc::StatusPage& status() const { return segment_.status(); }

  ipc::ShmSegment segment_ = ipc::ShmSegment::create().value();
  std::pair<UniqueFd, UniqueFd> bell_ = ipc::Doorbell::create_pair().value();
  ipc::PriorityConsumer consumer_{segment_, bell_.first.get()};
  ExitRequest exit_ = ExitRequest::create().value();
  ResultPublisher publisher_{segment_, bell_.second.get(), exit_};
  PreviewPublisher preview_{segment_.preview_slot()};
  CameraReport camera_{publisher_, std::make_shared<Redactor>()};
  FrameRing ring_{128, WhenFull::Block};  // scripted frames are none too many
  std::stop_source stop_;
  DetectLoop::Infer infer_ = [](const Frame&) -> Result<Inference> { return Inference{}; };
  TuningSlot tuning_;
  ContextSlot context_;
  std::vector<float> tuned_;
  std::vector<Stage> stages_;
  int first_inferred_ = 0;
};

}  // namespace bulkhead::worker
