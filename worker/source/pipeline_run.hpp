#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>

#include "common/result.hpp"
#include "worker/source/frame_source.hpp"
#include "worker/source/gst_handles.hpp"
#include "worker/source/picture_tap.hpp"

namespace bulkhead::worker {

/// Plays one pipeline until it ends, within the limits of each stage, and takes it down again
/// within a limit too. Lives for one `run_once`; used by the capture thread, which waits on the
/// pipeline's bus and nothing else.
///
/// Taking down can hang: GStreamer joins its threads, and one of them may sit in a driver or a
/// decoder for ever. It is done on a thread of its own; one that is not done in time is left
/// alone, with what it uses, and WorkerHung is returned: only the end of the process cures it.
class PipelineRun {
 public:
  /// What a message means to the source that built the pipeline; empty: it is of no interest.
  using Judge = std::function<std::optional<Error>(GstMessage*)>;

  enum class Begin {
    Connecting,  // a camera must answer first; ends with the progress report of its PLAY request
    Connected,   // pictures are expected at once
  };

  PipelineRun(GstOwned<GstElement> pipeline, std::shared_ptr<PictureTap> tap,
              const SourceLimits& limits);
  ~PipelineRun();
  PipelineRun(const PipelineRun&) = delete;
  PipelineRun& operator=(const PipelineRun&) = delete;

  /// Success: `stop` was requested. Call once.
  Result<> play(Begin begin, const Judge& judge, std::stop_token stop);

 private:
  struct Deadline {
    std::int64_t at_ns;
    Error error;
  };

  Result<> wait_for_end(const Judge& judge, const std::stop_token& stop);
  Deadline deadline() const;
  void note_progress(GstMessage* message);
  bool take_down();

  GstOwned<GstElement> pipeline_;
  const GstOwned<GstBus> bus_;
  const std::shared_ptr<PictureTap> tap_;
  const SourceLimits limits_;
  std::int64_t started_ns_ = 0;
  std::int64_t connected_ns_ = 0;  // 0: not yet
};

}  // namespace bulkhead::worker
