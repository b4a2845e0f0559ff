#pragma once

#include <chrono>
#include <memory>
#include <stop_token>

#include "common/limits.hpp"
#include "common/result.hpp"
#include "common/session_spec.hpp"
#include "worker/source/frame_outlet.hpp"

namespace bulkhead::worker {

/// How long each stage of a connection may take. Tests shorten them.
struct SourceLimits {
  std::chrono::milliseconds connect = limits::kConnectTime;         // until the camera plays
  std::chrono::milliseconds first_frame = limits::kFirstFrameTime;  // from then to a picture
  std::chrono::milliseconds stall = limits::kStallTime;             // between two pictures
  std::chrono::milliseconds teardown = limits::kTeardownTime;       // to stop everything
};

/// Where pictures come from: a camera (RtspSource) or a clip (FileSource).
///
/// Owned by CaptureLoop and used by its thread alone. `gst_start` has succeeded before.
class FrameSource {
 public:
  virtual ~FrameSource() = default;

  /// One connection, from the first packet to the last; no retry inside. Success means that
  /// `stop` was requested; otherwise the error that ended it:
  ///   ConnectFailed (unreachable, refused, silent), AddressDenied (see guard_addresses),
  ///   AuthFailed, NotFound, NoVideo, UnsupportedCodec, LimitReached (too many viewers, picture too
  ///   large), DecodeError, Stalled (pictures stopped coming), EndOfStream.
  /// WorkerHung is different: the pipeline did not stop in `SourceLimits::teardown` and was
  /// abandoned with its threads. The process must end; it must not try again.
  /// After the return nothing is delivered any more, in every case.
  virtual Result<> run_once(FrameOutlet& outlet, std::stop_token stop) = 0;

  /// True for a clip played once: its EndOfStream is an end, not a loss.
  [[nodiscard]] virtual bool is_finite() const noexcept = 0;
};

/// The source for the scheme of `spec.url`.
Result<std::unique_ptr<FrameSource>> make_frame_source(const SessionSpec& spec,
                                                       const SourceLimits& limits = {});

}  // namespace bulkhead::worker
