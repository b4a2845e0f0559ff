#include "worker/source/picture_tap.hpp"

#include <gst/app/gstappsink.h>
#include <gst/video/video.h>

#include <string>
#include <utility>

#include "common/clock.hpp"
#include "common/limits.hpp"

namespace bulkhead::worker {

namespace {

constexpr const char* kErrorStructure = "bulkhead-error";

/// A picture in the decoder's memory, mapped for reading as long as a Frame needs it.
struct MappedPicture {
  GstOwned<GstSample> sample;
  GstVideoFrame video;

  MappedPicture(GstOwned<GstSample> held, const GstVideoFrame& mapped)
      : sample{std::move(held)}, video{mapped} {}
  MappedPicture(const MappedPicture&) = delete;
  MappedPicture& operator=(const MappedPicture&) = delete;
  ~MappedPicture() { gst_video_frame_unmap(&video); }
};

Error too_large(int width, int height) {
  return {ErrorCode::LimitReached,
          "The camera's picture of " + std::to_string(width) + "x" + std::to_string(height) +
              " pixels exceeds the limit of " + std::to_string(limits::kFrameSide) +
              " a side; choose a smaller stream.",
          {}};
}

bool fits(int width, int height) {
  constexpr int kSide = limits::kFrameSide;
  return width > 0 && height > 0 && width <= kSide && height <= kSide;
}

}  // namespace

Result<Frame> frame_of(GstOwned<GstSample> sample) {
  const Error unreadable{ErrorCode::DecodeError, "A decoded picture could not be read.", {}};
  GstVideoInfo info;
  const GstCaps* caps = gst_sample_get_caps(sample.get());
  if (caps == nullptr || !gst_video_info_from_caps(&info, caps)) return unreadable;
  if (GST_VIDEO_INFO_FORMAT(&info) != GST_VIDEO_FORMAT_I420) return unreadable;
  if (!fits(info.width, info.height)) return too_large(info.width, info.height);
  GstVideoFrame mapped;
  if (!gst_video_frame_map(&mapped, &info, gst_sample_get_buffer(sample.get()), GST_MAP_READ)) {
    return unreadable;
  }
  const auto picture = std::make_shared<const MappedPicture>(std::move(sample), mapped);
  Frame frame;
  frame.width = static_cast<std::uint32_t>(info.width);
  frame.height = static_cast<std::uint32_t>(info.height);
  frame.format = PixelFormat::I420;
  for (std::size_t i = 0; i < frame.planes.size(); ++i) {
    frame.planes[i].pixels = static_cast<const std::uint8_t*>(picture->video.data[i]);
    frame.planes[i].stride = static_cast<std::size_t>(picture->video.info.stride[i]);
  }
  frame.owner = picture;
  return frame;
}

/// GStreamer's C callbacks, with the tap as their state.
struct PictureTapCallbacks {
  static GstFlowReturn on_sample(GstAppSink* sink, gpointer held) {
    GstOwned<GstSample> sample{gst_app_sink_pull_sample(sink)};
    if (!sample) return GST_FLOW_EOS;
    auto& tap = signal_state<PictureTap>(held);
    return tap.deliver(GST_ELEMENT(sink), std::move(sample)) ? GST_FLOW_OK : GST_FLOW_ERROR;
  }

  // Lets the decoder write into padded buffers of its own. Without this answer it would copy every
  // picture into tightly packed ones.
  static GstPadProbeReturn on_query(GstPad*, GstPadProbeInfo* probe, gpointer) {
    GstQuery* query = GST_PAD_PROBE_INFO_QUERY(probe);
    if (GST_QUERY_TYPE(query) != GST_QUERY_ALLOCATION) return GST_PAD_PROBE_OK;
    gst_query_add_allocation_meta(query, GST_VIDEO_META_API_TYPE, nullptr);
    return GST_PAD_PROBE_HANDLED;
  }

  static GstPadProbeReturn on_compressed(GstPad* pad, GstPadProbeInfo* probe, gpointer held) {
    auto& tap = signal_state<PictureTap>(held);
    if ((probe->type & GST_PAD_PROBE_TYPE_BUFFER) != 0) {
      tap.count_received();
      return GST_PAD_PROBE_OK;
    }
    GstEvent* event = GST_PAD_PROBE_INFO_EVENT(probe);
    if (GST_EVENT_TYPE(event) != GST_EVENT_CAPS) return GST_PAD_PROBE_OK;
    GstCaps* caps = nullptr;
    gst_event_parse_caps(event, &caps);
    return tap.accept_size(pad, caps) ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
  }

  static void release(gpointer held) { delete static_cast<std::shared_ptr<PictureTap>*>(held); }
};

Result<GstOwned<GstElement>> PictureTap::make_sink(Pacing pacing) {
  GError* failure = nullptr;
  GstElement* bin = gst_parse_bin_from_description(
      "videoconvert name=convert ! appsink name=pictures caps=video/x-raw,format=I420 "
      "max-buffers=1 wait-on-eos=false",
      FALSE, &failure);
  const GstOwned<GError> error{failure};
  if (bin == nullptr || failure != nullptr) {
    return Error{ErrorCode::Unavailable,
                 std::string{"GStreamer cannot build the end of the pipeline: "} +
                     (failure != nullptr ? failure->message : "no reason given"),
                 {}};
  }
  GstOwned<GstElement> owned{static_cast<GstElement*>(gst_object_ref_sink(bin))};
  const GstOwned<GstElement> convert{gst_bin_get_by_name(GST_BIN(bin), "convert")};
  const GstOwned<GstElement> sink{gst_bin_get_by_name(GST_BIN(bin), "pictures")};
  const GstOwned<GstPad> entry{gst_element_get_static_pad(convert.get(), "sink")};
  gst_element_add_pad(bin, gst_ghost_pad_new("sink", entry.get()));
  g_object_set(sink.get(), "sync", pacing == Pacing::OwnPace, "drop", pacing != Pacing::FlatOut,
               nullptr);

  const GstOwned<GstPad> pad{gst_element_get_static_pad(sink.get(), "sink")};
  gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM, PictureTapCallbacks::on_query,
                    nullptr, nullptr);
  GstAppSinkCallbacks callbacks{};
  callbacks.new_sample = PictureTapCallbacks::on_sample;
  gst_app_sink_set_callbacks(GST_APP_SINK(sink.get()), &callbacks,
                             new std::shared_ptr<PictureTap>{shared_from_this()},
                             PictureTapCallbacks::release);
  return owned;
}

void PictureTap::watch_compressed(GstPad* pad) {
  gst_pad_add_probe(
      pad,
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM),
      PictureTapCallbacks::on_compressed, new std::shared_ptr<PictureTap>{shared_from_this()},
      PictureTapCallbacks::release);
}

bool PictureTap::accept_size(GstPad* pad, const GstCaps* caps) {
  const GstStructure* structure = gst_caps_get_structure(caps, 0);
  int width = 0;
  int height = 0;
  if (!gst_structure_get_int(structure, "width", &width)) return true;
  if (!gst_structure_get_int(structure, "height", &height)) return true;
  if (fits(width, height)) return true;
  const GstOwned<GstElement> element{gst_pad_get_parent_element(pad)};
  if (element) post_error(element.get(), too_large(width, height));
  return false;
}

void PictureTap::count_received() {
  received_.fetch_add(1, std::memory_order_relaxed);
  const std::lock_guard lock{mutex_};
  if (outlet_ != nullptr) outlet_->count_received();
}

bool PictureTap::deliver(GstElement* sink, GstOwned<GstSample> sample) {
  const std::int64_t arrival_ns = monotonic_ns();
  const GstClockTime pts = GST_BUFFER_PTS(gst_sample_get_buffer(sample.get()));
  Result<Frame> frame = frame_of(std::move(sample));
  if (!frame) {
    post_error(sink, frame.error());
    return false;
  }
  frame->arrival_ns = arrival_ns;
  frame->capture_wall_ns = wall_ns();
  if (clock_) frame->camera_ns = clock_->time_of(pts);
  received_ = 0;

  const std::lock_guard lock{mutex_};
  if (outlet_ == nullptr) return false;
  delivering_ = true;
  const bool delivered = outlet_->deliver(std::move(*frame), closing_.get_token());
  last_frame_ns_ = monotonic_ns();  // after a wait for the ring, which is no stall of the camera
  delivering_ = false;
  return delivered;
}

void PictureTap::close() {
  closing_.request_stop();
  const std::lock_guard lock{mutex_};
  outlet_ = nullptr;
}

void post_error(GstElement* element, const Error& error) {
  GstStructure* content =
      gst_structure_new(kErrorStructure, "code", G_TYPE_UINT, static_cast<guint>(error.code),
                        "message", G_TYPE_STRING, error.message.c_str(), nullptr);
  gst_element_post_message(element, gst_message_new_application(GST_OBJECT(element), content));
}

std::optional<Error> posted_error(GstMessage* message) {
  if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_APPLICATION) return std::nullopt;
  const GstStructure* content = gst_message_get_structure(message);
  guint code = 0;
  if (!gst_structure_has_name(content, kErrorStructure)) return std::nullopt;
  gst_structure_get_uint(content, "code", &code);
  return Error{error_code_from(static_cast<std::uint16_t>(code)),
               gst_structure_get_string(content, "message"),
               {}};
}

}  // namespace bulkhead::worker
