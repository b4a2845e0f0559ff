#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "common/rtsp_session.hpp"
#include "common/unique_fd.hpp"
#include "ipc/command.hpp"
#include "ipc/doorbell.hpp"
#include "ipc/shm_segment.hpp"
#include "ipc/spsc_ring.hpp"
#include "ipc/worker_fds.hpp"
#include "worker/exit_request.hpp"
#include "worker/pipeline/latest_slot.hpp"
#include "worker/publish/preview_publisher.hpp"
#include "worker/publish/result_publisher.hpp"

namespace spdlog {
class logger;
}

namespace bulkhead::worker {

/// The worker's main thread, `control`: obeys the supervisor and decides when the worker ends.
///
/// Waits for the control socket (end of file: the supervisor is gone), the commands' doorbell,
/// SIGTERM and the other threads' ExitRequest, at most limits::kControlTick at a time. Every
/// command is acknowledged; one whose deadline has passed is not carried out (Timeout). A snapshot
/// is encoded here and holds up the next command for that long, never a frame.
class ControlLoop {
 public:
  /// Whom the loop talks to; all of it outlives the loop.
  struct Parties {
    const ipc::ShmSegment& segment;
    ExitRequest& exit;
    ResultPublisher& publisher;
    PreviewPublisher& preview;
    spdlog::logger& log;
    std::function<void()> on_tick;  // every kControlTick
    std::function<void(const std::optional<RtspSession>& left)> open_camera;
    TuningSlot& tuning;
    ContextSlot& context;
    std::function<Result<>(const ipc::DebugGst& debug)> debug_gst;
    std::function<void(std::int64_t after_capture_ns)> count_results;
    std::function<Result<>(const ipc::StartCanary& start)> start_canary;
    std::function<void()> stop_canary;
  };

  /// SIGTERM must be blocked already. LimitReached when no signalfd can be had.
  static Result<ControlLoop> create(Parties parties);

  /// Until the worker has to end; with which code it must exit.
  [[nodiscard]] ipc::WorkerExit run();

 private:
  enum class Next { Continue, Stop };

  ControlLoop(Parties parties, UniqueFd signals);

  std::optional<ipc::WorkerExit> take_commands();
  Next obey(const ipc::Command& command);
  Result<> carry_out(const ipc::TakeSnapshot& snapshot);
  Result<> carry_out(const ipc::SetLogLevel& change);
  Result<> carry_out(const ipc::OpenCamera&);
  Result<> carry_out(const ipc::Reconfigure& tuning);
  Result<> carry_out(const ipc::DebugGst& debug);
  Result<> carry_out(const ipc::CountResults& count);
  Result<> carry_out(const ipc::StartCanary& start);
  Result<> carry_out(const ipc::StopCanary&);
  Result<> carry_out(const ipc::SetContext& set);
  void acknowledge(std::uint64_t request_id, const Result<>& outcome);
  void tick();
  std::optional<ipc::WorkerExit> wait();
  [[nodiscard]] bool supervisor_is_gone();
  ipc::WorkerExit protocol_error(std::string_view what);

  Parties parties_;
  UniqueFd signals_;
  ipc::SpscRingConsumer commands_;
  ipc::Doorbell doorbell_;
  std::vector<std::byte> message_;
  std::int64_t next_tick_ns_ = 0;
};

}  // namespace bulkhead::worker
