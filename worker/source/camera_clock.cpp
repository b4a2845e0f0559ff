#include "worker/source/camera_clock.hpp"

#include <array>

#include "common/clock.hpp"

namespace bulkhead::worker {

namespace {

struct GObjectRelease {
  void operator()(GObject* object) const { g_object_unref(object); }
};
using GObjectOwned = std::unique_ptr<GObject, GObjectRelease>;

struct StructureRelease {
  void operator()(GstStructure* structure) const { gst_structure_free(structure); }
};

/// 32 bits of seconds since 1900 and 32 bits of fraction.
std::int64_t ns_of_ntp(std::uint64_t ntp) {
  constexpr int kFractionBits = 32;
  const std::uint64_t seconds = ntp >> kFractionBits;
  const std::uint64_t fraction = ntp & 0xFFFF'FFFFU;
  return static_cast<std::int64_t>(seconds * kNsPerSecond +
                                   ((fraction * kNsPerSecond) >> kFractionBits));
}

std::int32_t clock_rate_of(GstPad* pad) {
  gint rate = 0;
  const GstOwned<GstCaps> caps{gst_pad_get_current_caps(pad)};
  if (caps) gst_structure_get_int(gst_caps_get_structure(caps.get(), 0), "clock-rate", &rate);
  return rate;
}

struct ClockCallbacks {
  static void on_manager(GstElement*, GstElement* rtpbin, gpointer held) {
    connect_signal(rtpbin, "on-ssrc-active", G_CALLBACK(on_report),
                   signal_state<CameraClock>(held).shared_from_this());
  }

  static void on_report(GstElement* rtpbin, guint session_id, guint ssrc, gpointer held) {
    GObject* session = nullptr;
    g_signal_emit_by_name(rtpbin, "get-internal-session", session_id, &session);
    const GObjectOwned owned_session{session};
    if (!owned_session) return;
    GObject* sender = nullptr;
    g_signal_emit_by_name(session, "get-source-by-ssrc", ssrc, &sender);
    const GObjectOwned owned_sender{sender};
    if (!owned_sender) return;
    GstStructure* raw = nullptr;
    g_object_get(sender, "stats", &raw, nullptr);
    const std::unique_ptr<GstStructure, StructureRelease> stats{raw};
    gboolean has_report = FALSE;
    guint64 ntp = 0;
    guint stamp = 0;
    if (!stats || !gst_structure_get(raw, "have-sr", G_TYPE_BOOLEAN, &has_report,  //
                                     "sr-ntptime", G_TYPE_UINT64, &ntp,            //
                                     "sr-rtptime", G_TYPE_UINT, &stamp, nullptr)) {
      return;
    }
    if (has_report) signal_state<CameraClock>(held).report(ntp, stamp);
  }

  static GstPadProbeReturn on_packet(GstPad* pad, GstPadProbeInfo* probe, gpointer held) {
    constexpr gsize kStampOffset = 4;  // of the fixed header, RFC 3550, 5.1
    GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(probe);
    std::array<std::uint8_t, 4> stamp{};
    if (gst_buffer_extract(buffer, kStampOffset, stamp.data(), stamp.size()) == stamp.size()) {
      signal_state<CameraClock>(held).packet(GST_READ_UINT32_BE(stamp.data()), clock_rate_of(pad),
                                             GST_BUFFER_PTS(buffer));
    }
    return GST_PAD_PROBE_OK;
  }

  static void release(gpointer held) { delete static_cast<std::shared_ptr<CameraClock>*>(held); }
};

}  // namespace

void CameraClock::follow(GstElement* rtspsrc) {
  connect_signal(rtspsrc, "new-manager", G_CALLBACK(ClockCallbacks::on_manager),
                 shared_from_this());
}

void CameraClock::watch(GstPad* pad) {
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, ClockCallbacks::on_packet,
                    new std::shared_ptr<CameraClock>{shared_from_this()}, ClockCallbacks::release);
}

void CameraClock::report(std::uint64_t ntp, std::uint32_t stamp) {
  if (ntp == 0) return;
  const std::lock_guard lock{mutex_};
  last_report_ = Report{ns_of_ntp(ntp), stamp};
}

void CameraClock::packet(std::uint32_t stamp, std::int32_t rate, GstClockTime pts) {
  if (rate <= 0 || !GST_CLOCK_TIME_IS_VALID(pts)) return;
  const std::lock_guard lock{mutex_};
  if (!last_report_) return;
  // Stamps wrap around; as a signed number the distance to the last report is right for hours.
  const auto since_report = static_cast<std::int32_t>(stamp - last_report_->stamp);
  const std::int64_t camera_ns =
      last_report_->camera_ns + std::int64_t{since_report} * kNsPerSecond / rate;
  ahead_of_pts_ns_ = camera_ns - static_cast<std::int64_t>(pts);
}

std::int64_t CameraClock::time_of(GstClockTime pts) const noexcept {
  const std::int64_t ahead_ns = ahead_of_pts_ns_;
  if (ahead_ns == kUnknown || !GST_CLOCK_TIME_IS_VALID(pts)) return 0;
  const std::int64_t camera_ns = ahead_ns + static_cast<std::int64_t>(pts);
  return camera_ns > 0 ? camera_ns : 0;
}

}  // namespace bulkhead::worker
