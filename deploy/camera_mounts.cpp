#include "deploy/camera_mounts.hpp"

#include <gst/app/gstappsrc.h>

#include <algorithm>
#include <utility>

#include "common/clock.hpp"

namespace bulkhead::deploy {

namespace {

using worker::GstOwned;

// The tee keeps the stream alive when the only client leaves it alone: the server then unlinks it,
// which would otherwise be an error that ends all.
constexpr const char* kSound =
    "audiotestsrc is-live=true wave=silence ! audio/x-raw,rate=8000,channels=1 ! alawenc ! "
    "tee allow-not-linked=true ! ";

// At most a second, so that a pipeline that has ended is noticed between slow pictures too.
guint milliseconds_until(std::int64_t due_ns, std::int64_t now_ns) {
  constexpr std::int64_t kLongestMs = 1000;
  return static_cast<guint>(std::clamp<std::int64_t>((due_ns - now_ns) / kNsPerMs, 0, kLongestMs));
}

/// Feeds the clips of one mount to its running pipeline, each picture when it is due. Owns itself
/// through the main loop's timer, and is gone when the pipeline takes no more.
class Playback {
 public:
  static void start(std::shared_ptr<const Playlist> playlist, GstElement* appsrc) {
    auto* playback = new Playback{std::move(playlist), appsrc};
    playback->call_in(0);
  }

 private:
  Playback(std::shared_ptr<const Playlist> playlist, GstElement* appsrc)
      : playlist_{std::move(playlist)}, appsrc_{GST_ELEMENT(gst_object_ref(appsrc))} {}

  void call_in(guint milliseconds) {
    g_timeout_add_full(G_PRIORITY_HIGH, milliseconds, on_time, this, nullptr);
  }

  static gboolean on_time(gpointer self) {
    auto* playback = static_cast<Playback*>(self);
    if (!playback->send_due()) delete playback;
    return G_SOURCE_REMOVE;
  }

  /// Sends all that is due and plans the next call; false when the pipeline has ended.
  bool send_due() {
    constexpr guint kNotPlayingYetMs = 5;
    // Before an element plays, its base time may not be set: the running time would be that of the
    // machine, and the next picture due in some hours.
    GstState state = GST_STATE_NULL;
    gst_element_get_state(appsrc_.get(), &state, nullptr, 0);
    if (state != GST_STATE_PLAYING) {
      if (began_ && state < GST_STATE_PAUSED) return false;
      call_in(kNotPlayingYetMs);
      return began_ || ++waits_ < kWaits;
    }
    const GstClockTime running = gst_element_get_current_running_time(appsrc_.get());
    const auto now_ns = static_cast<std::int64_t>(running);
    if (!std::exchange(began_, true)) round_begin_ns_ = now_ns;
    while (round_begin_ns_ + unit().decode_ns <= now_ns) {
      if (!send(unit())) return false;
      advance();
    }
    call_in(milliseconds_until(round_begin_ns_ + unit().decode_ns, now_ns));
    return true;
  }

  bool send(const AccessUnit& unit) {
    GstBuffer* buffer = gst_buffer_copy(unit.bytes.get());  // shares the bytes
    GST_BUFFER_DTS(buffer) = static_cast<GstClockTime>(round_begin_ns_ + unit.decode_ns);
    GST_BUFFER_PTS(buffer) = static_cast<GstClockTime>(round_begin_ns_ + unit.show_ns);
    GST_BUFFER_DURATION(buffer) = GST_CLOCK_TIME_NONE;
    GstSample* sample = gst_sample_new(buffer, clip().caps.get(), nullptr, nullptr);
    gst_buffer_unref(buffer);
    const GstFlowReturn flow = gst_app_src_push_sample(GST_APP_SRC(appsrc_.get()), sample);
    gst_sample_unref(sample);
    return flow == GST_FLOW_OK;
  }

  void advance() {
    if (++unit_index_ < clip().units.size()) return;
    round_begin_ns_ += clip().length_ns;
    unit_index_ = 0;
    clip_index_ = (clip_index_ + 1) % playlist_->size();
  }

  const CameraClip& clip() const { return (*playlist_)[clip_index_]; }
  const AccessUnit& unit() const { return clip().units[unit_index_]; }

  static constexpr int kWaits = 6000;  // 30 s for a pipeline to start
  const std::shared_ptr<const Playlist> playlist_;
  const GstOwned<GstElement> appsrc_;
  std::size_t clip_index_ = 0;
  std::size_t unit_index_ = 0;
  std::int64_t round_begin_ns_ = 0;  // in the pipeline's time
  bool began_ = false;
  int waits_ = 0;
};

struct ClipMount {
  std::shared_ptr<const Playlist> playlist;
};

void on_media(GstRTSPMediaFactory*, GstRTSPMedia* media, gpointer held) {
  const GstOwned<GstElement> bin{gst_rtsp_media_get_element(media)};
  const GstOwned<GstElement> appsrc{gst_bin_get_by_name(GST_BIN(bin.get()), "clip")};
  Playback::start(worker::signal_state<ClipMount>(held).playlist, appsrc.get());
}

GstRTSPMediaFactory* launch_mount(const std::string& description) {
  GstRTSPMediaFactory* factory = gst_rtsp_media_factory_new();
  gst_rtsp_media_factory_set_launch(factory, ("( " + description + " )").c_str());
  gst_rtsp_media_factory_set_shared(factory, TRUE);
  return factory;
}

}  // namespace

GstRTSPMediaFactory* clip_mount(Playlist playlist, bool with_sound) {
  const bool is_h264 = playlist.front().codec == Codec::H264;
  std::string description =
      "appsrc name=clip is-live=true format=time max-bytes=8388608 leaky-type=downstream ! ";
  description += is_h264 ? "h264parse ! rtph264pay" : "h265parse ! rtph265pay";
  description += " name=pay0 pt=96 config-interval=-1 ";
  if (with_sound) description += std::string{kSound} + "rtppcmapay name=pay1 pt=8";
  GstRTSPMediaFactory* factory = launch_mount(description);
  auto mount = std::make_shared<ClipMount>();
  mount->playlist = std::make_shared<const Playlist>(std::move(playlist));
  worker::connect_signal(factory, "media-configure", G_CALLBACK(on_media), mount);
  return factory;
}

GstRTSPMediaFactory* jpeg_mount() {
  return launch_mount(
      "videotestsrc is-live=true ! video/x-raw,format=I420,width=320,height=240,framerate=10/1 ! "
      "jpegenc ! rtpjpegpay name=pay0 pt=26");
}

GstRTSPMediaFactory* sound_mount() {
  return launch_mount(std::string{kSound} + "rtppcmapay name=pay0 pt=8");
}

}  // namespace bulkhead::deploy
