#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>

#include "common/result.hpp"
#include "worker/source/camera_clock.hpp"
#include "worker/source/frame_outlet.hpp"
#include "worker/source/gst_handles.hpp"

namespace bulkhead::worker {

/// The decoded picture as a Frame that shares the decoder's buffer. LimitReached when a side is
/// over limits::kFrameSide, DecodeError when the picture cannot be read.
Result<Frame> frame_of(GstOwned<GstSample> sample);

/// The end of a pipeline: takes its decoded pictures to the outlet, on the decoder's thread.
///
/// Shared with the pipeline's callbacks, so that it outlives a pipeline that does not stop. After
/// `close` nothing reaches the outlet any more.
class PictureTap : public std::enable_shared_from_this<PictureTap> {
 public:
  /// `clock` is null for what no camera has stamped.
  explicit PictureTap(FrameOutlet& outlet, std::shared_ptr<const CameraClock> clock = nullptr)
      : clock_{std::move(clock)}, outlet_{&outlet} {}

  enum class Pacing {
    Live,     // as they come; the newest wins
    OwnPace,  // at the times they carry; the newest wins
    FlatOut,  // as they come; none is lost before the ring
  };
  /// A bin with a pad `sink` for raw video. Converts to I420 only what is not I420 already.
  Result<GstOwned<GstElement>> make_sink(Pacing pacing);

  /// Counts the compressed pictures that pass `pad`, and refuses those that announce a side over
  /// limits::kFrameSide before anything is decoded.
  void watch_compressed(GstPad* pad);

  /// Releases a waiting delivery, and waits for it to end.
  void close();

  [[nodiscard]] std::int64_t last_frame_ns() const noexcept { return last_frame_ns_; }
  [[nodiscard]] std::uint64_t received_since_frame() const noexcept { return received_; }
  [[nodiscard]] bool is_waiting_for_ring() const noexcept { return delivering_; }

 private:
  friend struct PictureTapCallbacks;

  bool deliver(GstElement* sink, GstOwned<GstSample> sample);
  bool accept_size(GstPad* pad, const GstCaps* caps);
  void count_received();

  const std::shared_ptr<const CameraClock> clock_;
  std::atomic<std::int64_t> last_frame_ns_{0};  // monotonic; 0: none yet
  std::atomic<std::uint64_t> received_{0};      // compressed, since the last decoded one
  std::atomic<bool> delivering_{false};
  std::stop_source closing_;
  std::mutex mutex_;     // held during a delivery
  FrameOutlet* outlet_;  // null once closed
};

/// Ends the run of the pipeline that holds `element` with `error`. Any thread.
void post_error(GstElement* element, const Error& error);

/// The error inside a message of `post_error`; empty for any other message.
std::optional<Error> posted_error(GstMessage* message);

}  // namespace bulkhead::worker
