#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "worker/source/gst_handles.hpp"

namespace bulkhead::worker {

/// The camera's own clock, as its RTCP sender reports tell it: which time of day it stamps on a
/// picture. Two connections to one camera give one picture the same time, whatever the network did
/// to either; the time of arrival cannot say that two pictures are the same.
///
/// One for each connection, shared with GStreamer's threads. Knows nothing before the first report,
/// which comes up to 5 s after PLAY, and never anything of a camera that sends none.
class CameraClock : public std::enable_shared_from_this<CameraClock> {
 public:
  /// Listens to the reports that `rtspsrc` receives.
  void follow(GstElement* rtspsrc);

  /// Learns from the RTP packets that leave this pad of rtspsrc which stamp has which PTS.
  void watch(GstPad* pad);

  /// One sender report: the camera's time in 64-bit NTP form and the RTP stamp of the same moment
  /// (RFC 3550, 6.4.1). A time of 0 means that the camera has no clock, and is ignored.
  void report(std::uint64_t ntp, std::uint32_t stamp);

  /// A packet with `stamp`, of a stream of `rate` stamps a second, got this PTS.
  void packet(std::uint32_t stamp, std::int32_t rate, GstClockTime pts);

  /// Nanoseconds since 1900 by the camera's clock, which may be wrong by years; 0: not known.
  [[nodiscard]] std::int64_t time_of(GstClockTime pts) const noexcept;

 private:
  struct Report {
    std::int64_t camera_ns;
    std::uint32_t stamp;
  };

  static constexpr std::int64_t kUnknown = INT64_MIN;

  std::mutex mutex_;
  std::optional<Report> last_report_;
  std::atomic<std::int64_t> ahead_of_pts_ns_{kUnknown};
};

}  // namespace bulkhead::worker
