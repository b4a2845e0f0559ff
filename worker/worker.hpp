#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "common/gst_categories.hpp"
#include "common/mutex.hpp"
#include "common/redaction.hpp"
#include "common/result.hpp"
#include "common/rtsp_session.hpp"
#include "ipc/command.hpp"
#include "ipc/shm_segment.hpp"
#include "ipc/start_message.hpp"
#include "ipc/worker_fds.hpp"
#include "worker/canary/canary.hpp"
#include "worker/detect/detector.hpp"
#include "worker/exit_request.hpp"
#include "worker/frame/frame_ring.hpp"
#include "worker/gst_log.hpp"
#include "worker/pipeline/detect_loop.hpp"
#include "worker/pipeline/frame_inference.hpp"
#include "worker/pipeline/latest_slot.hpp"
#include "worker/publish/camera_report.hpp"
#include "worker/publish/preview_publisher.hpp"
#include "worker/publish/result_publisher.hpp"
#include "worker/sink/result_sinks.hpp"
#include "worker/snapshot/snapshot_writer.hpp"
#include "worker/source/capture_loop.hpp"
#include "worker/source/connect_permit.hpp"
#include "worker/startup_steps.hpp"

namespace spdlog {
class logger;
}

namespace bulkhead::worker {

/// One camera from its socket to the result rings: builds the stages and starts them back to front
/// (publisher, detect, source), so that nothing is produced before someone takes it, and stops them
/// front to back, so that nothing that was taken is lost.
///
/// The model is loaded on the thread `detect` (or, behind others, `load`) while the thread `source`
/// connects: what takes longer decides, not the sum. Owned by main(), used by the main thread; one
/// per process.
class Worker {
 public:
  /// What main() has made before; all of it outlives the worker.
  struct Surroundings {
    const ipc::ShmSegment& segment;
    ExitRequest& exit;
    ResultPublisher& publisher;
    StartupSteps& steps;
    std::filesystem::path cache_dir;
    std::shared_ptr<const Redactor> redactor;
    std::shared_ptr<spdlog::logger> log;
    std::shared_ptr<GstLog> gst_log;
  };

  Worker(ipc::StartMessage start, Surroundings surroundings);

  /// From the first stage to the last: returns the code the process must exit with. Takes at most
  /// limits::kStopTime from the moment the end was asked for; past it the process ends in here, as
  /// it does when GStreamer left threads behind that no destructor may meet.
  [[nodiscard]] ipc::WorkerExit run();

 private:
  Result<> start_stages();
  void open_camera(const std::optional<RtspSession>& left);
  void end_left_session(const std::stop_token& stop);
  CaptureEvents capture_events();
  RetryPolicy retry_policy();
  ipc::WorkerExit obey_supervisor();
  void stop_stages();
  void drain_results();

  void detect_thread(const std::stop_token& stop) noexcept;
  void load_and_detect(const std::stop_token& stop);
  void tell_zones(const std::vector<ZoneSpec>& zones);

  /// Something that ends the worker: logged, reported, and the control loop is told.
  void fatal(const Error& error, ipc::WorkerExit code);
  void copy_counters() noexcept;
  void copy_sink_counters();
  Result<> debug_gst(const ipc::DebugGst& debug);
  void end_debug_gst();
  [[nodiscard]] DetectorPlaces places(std::shared_ptr<LoadedModels> loaded) const;
  Result<> start_canary(const ipc::StartCanary& start);  // worker_canary.cpp, as what follows
  void stop_canary();
  void tell_canary();
  DetectLoop::Told canary_offer(const FrameInference& inference);
  void end_canary();

  const ipc::StartMessage start_;
  const Surroundings around_;
  ipc::StatusPage& status_;
  PreviewPublisher preview_;
  CameraReport camera_;
  FrameRing ring_;
  CaptureCounters counters_;
  std::unique_ptr<FrameSource> source_;  // until the camera is opened
  ConnectPermit permit_;
  Mutex left_mutex_;
  std::optional<RtspSession> left_ BULKHEAD_GUARDED_BY(left_mutex_);  // to end before connecting
  std::unique_ptr<ResultSinks> sinks_;                                // null: results are not kept
  std::unique_ptr<SnapshotWriter> snapshots_;                         // null: nor are pictures
  TuningSlot tuning_;
  ContextSlot context_;
  // Not the pipeline's: a lock in an engine, held by a thread behind all others, would hold the
  // session's own up.
  const std::shared_ptr<LoadedModels> canary_models_ = std::make_shared<LoadedModels>();
  Canary canary_;
  std::vector<GstCategory> debugged_;  // for a while; of the main thread
  std::atomic<bool> stuck_{false};
  std::jthread detect_;
  std::optional<CaptureLoop> capture_;  // last: it is stopped first
};

}  // namespace bulkhead::worker
