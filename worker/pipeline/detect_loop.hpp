#pragma once

#include <functional>
#include <optional>
#include <stop_token>

#include "common/detection.hpp"
#include "common/frame_rules.hpp"
#include "common/result.hpp"
#include "ipc/status_page.hpp"
#include "worker/frame/frame.hpp"
#include "worker/frame/frame_ring.hpp"
#include "worker/pipeline/dark_picture.hpp"
#include "worker/pipeline/frame_inference.hpp"
#include "worker/pipeline/frame_rate_gate.hpp"
#include "worker/pipeline/frozen_picture.hpp"
#include "worker/pipeline/latest_slot.hpp"
#include "worker/pipeline/motion_gate.hpp"
#include "worker/pipeline/stage_timer.hpp"
#include "worker/publish/camera_report.hpp"
#include "worker/publish/preview_publisher.hpp"
#include "worker/publish/result_publisher.hpp"
#include "worker/sink/kept_results.hpp"
#include "worker/snapshot/snapshot_stage.hpp"
#include "worker/zone/scene_stage.hpp"

namespace bulkhead::worker {

/// Takes frames from the ring, has them inferred and publishes what was found: IMPORTANT when
/// there is something, BULK when there is nothing. Events of a frame come before its detection, so
/// that who has read that has them all.
///
/// Frames that the rules leave out, for their rate or because nothing moves in them, still serve
/// for snapshots. Those that rest for lack of motion are also looked at for being frozen or dark;
/// the first frame of a connection never rests. Other thresholds and rules take effect between two
/// frames, and so does another context of the results, which also has the latest detection with
/// objects told again (ipc::SetContext): as it was, past all stages, and counted nowhere.
///
/// Runs on the thread `detect`, on its stack. Waits only for frames, at most kFrameWait at a time;
/// a full result ring never holds it up. Shows each stage and its time in the status page.
class DetectLoop {
 public:
  using Infer = std::function<Result<Inference>(const Frame&)>;
  using Told = std::function<void(const Frame&, const Detection&, std::int64_t detect_cpu_ns)>;

  /// What the loop works with; all of it outlives the loop.
  struct Stages {
    FrameRing& ring;
    Infer infer;
    ResultPublisher& publisher;
    PreviewPublisher& preview;
    CameraReport& camera;
    ipc::StatusPage& status;
    TuningSlot& tuning;
    ContextSlot& context;
    std::function<void(const ipc::Reconfigure&)> tune;  // what of it concerns `infer`
    std::function<void()> on_first_inferred;            // may be empty
    KeptResults* kept = nullptr;                        // null: nobody keeps results
    SnapshotStage* snapshots = nullptr;                 // null: nor pictures of events
    std::function<std::vector<ClassedEvent>()> wait{};  // while no frame comes; may be empty
    /// After its result was published: for who looks at it again. May be empty.
    Told told{};
  };

  DetectLoop(Stages stages, double max_fps, const FrameRules& rules = {});

  /// Until `stop` is requested, or an inference fails: InferenceFailed. The end of a clip is
  /// reported once its last frame is published; the loop then waits for its stop.
  Result<> run(const std::stop_token& stop);

 private:
  void tune();
  void take_context();
  void patch();
  void take(const Frame& frame);
  [[nodiscard]] bool is_chosen(const Frame& frame);
  void watch_picture(const Frame& frame);
  Result<> infer_and_publish(const Frame& frame);
  void publish(std::vector<ClassedEvent> events);
  void count(const Inference& inference) noexcept;

  /// That may have to be told again.
  struct Repeatable {
    Sequence sequence;
    Detection detection;
  };

  Stages stages_;
  SessionContext context_;
  std::optional<Repeatable> repeatable_;  // the latest with objects, under the present zones
  double max_fps_;
  FrameRules rules_;
  FrameRateGate gate_;
  std::optional<MotionGate> motion_;
  FrozenPicture frozen_picture_;
  DarkPicture dark_picture_;
  StageTimer timer_;
  ipc::Stage waiting_ = ipc::Stage::Connecting;  // WaitingForFrame once there was one
};

}  // namespace bulkhead::worker
