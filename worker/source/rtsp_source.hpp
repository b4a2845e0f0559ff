#pragma once

#include "common/rtsp_url.hpp"
#include "worker/source/frame_source.hpp"

namespace bulkhead::worker {

/// One RTSP camera with H.264 or H.265 video, decoded on the CPU by one thread.
///
/// Frames share the decoder's buffers (no copy); sound and other streams are not set up. The
/// password is given to GStreamer as a property and is part of no message. A redirection to
/// another host is refused. Pictures may change their size at any time, up to limits::kFrameSide.
/// The socket is always read: when decoding or the ring falls behind, pictures are dropped.
class RtspSource final : public FrameSource {
 public:
  /// InvalidParams when `url` is not rtsp or rtsps.
  static Result<std::unique_ptr<FrameSource>> create(RtspUrl url, Transport transport,
                                                     const SourceLimits& limits = {});

  Result<> run_once(FrameOutlet& outlet, std::stop_token stop) override;
  [[nodiscard]] bool is_finite() const noexcept override { return false; }

 private:
  RtspSource(RtspUrl url, Transport transport, const SourceLimits& limits);

  const RtspUrl url_;
  const Transport transport_;
  const SourceLimits limits_;
};

}  // namespace bulkhead::worker
