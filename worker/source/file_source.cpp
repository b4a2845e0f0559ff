#include "worker/source/file_source.hpp"

#include <atomic>
#include <string>
#include <system_error>
#include <utility>

#include "worker/source/gst_handles.hpp"
#include "worker/source/picture_tap.hpp"
#include "worker/source/pipeline_run.hpp"
#include "worker/source/stream_error.hpp"

namespace bulkhead::worker {

namespace {

bool is_video(const GstCaps* caps) {
  return caps != nullptr && gst_caps_get_size(caps) > 0 &&
         g_str_has_prefix(gst_structure_get_name(gst_caps_get_structure(caps, 0)), "video/");
}

/// What the callbacks of one playback share.
struct ClipPlayback {
  std::shared_ptr<PictureTap> tap;
  GstElement* sink;  // owned by the pipeline, as decodebin is
  std::atomic<bool> has_video{false};
};

struct ClipCallbacks {
  // Sound is left undecoded and unlinked.
  static gboolean on_autoplug(GstElement*, GstPad*, GstCaps* caps, gpointer) {
    const gchar* name = gst_structure_get_name(gst_caps_get_structure(caps, 0));
    return g_str_has_prefix(name, "audio/") ? FALSE : TRUE;
  }

  static void on_pad(GstElement* decodebin, GstPad* pad, gpointer held) {
    auto& playback = signal_state<ClipPlayback>(held);
    const GstOwned<GstCaps> caps{gst_pad_query_caps(pad, nullptr)};
    if (!is_video(caps.get()) || playback.has_video.exchange(true)) return;
    const GstOwned<GstPad> entry{gst_element_get_static_pad(playback.sink, "sink")};
    if (gst_pad_link(pad, entry.get()) != GST_PAD_LINK_OK) {
      post_error(decodebin, {ErrorCode::UnsupportedCodec, "The clip's pictures are of no use", {}});
    }
  }

  static void on_no_more_pads(GstElement* decodebin, gpointer held) {
    if (signal_state<ClipPlayback>(held).has_video) return;
    post_error(decodebin, {ErrorCode::NoVideo, "The clip has no video", {}});
  }

  static void on_element(GstBin*, GstBin*, GstElement* element, gpointer held) {
    GstElementFactory* factory = gst_element_get_factory(element);
    constexpr GstElementFactoryListType kVideoDecoder =
        GST_ELEMENT_FACTORY_TYPE_DECODER | GST_ELEMENT_FACTORY_TYPE_MEDIA_VIDEO;
    if (factory == nullptr || !gst_element_factory_list_is_type(factory, kVideoDecoder)) return;
    if (g_object_class_find_property(G_OBJECT_GET_CLASS(element), "max-threads") != nullptr) {
      g_object_set(element, "max-threads", 1, nullptr);
    }
    if (const GstOwned<GstPad> pad{gst_element_get_static_pad(element, "sink")}) {
      signal_state<ClipPlayback>(held).tap->watch_compressed(pad.get());
    }
  }
};

std::optional<Error> judge(GstMessage* message) {
  switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_EOS:
      return Error{ErrorCode::EndOfStream, "The clip is at its end", {}};
    case GST_MESSAGE_ERROR:
      return classify(stream_failure(message), {});
    default:
      return std::nullopt;
  }
}

Result<> play_once(const std::filesystem::path& file, Pace pace, const SourceLimits& limits,
                   FrameOutlet& outlet, std::stop_token stop) {
  const auto tap = std::make_shared<PictureTap>(outlet);
  Result<GstOwned<GstElement>> sink = tap->make_sink(
      pace == Pace::FlatOut ? PictureTap::Pacing::FlatOut : PictureTap::Pacing::OwnPace);
  if (!sink) return std::move(sink).error();
  GstElement* filesrc = gst_element_factory_make("filesrc", nullptr);
  GstElement* decodebin = gst_element_factory_make("decodebin", nullptr);
  if (filesrc == nullptr || decodebin == nullptr) {
    return Error{ErrorCode::Internal, "GStreamer has no filesrc or decodebin", {}};
  }
  GstOwned<GstElement> pipeline{GST_ELEMENT(gst_object_ref_sink(gst_pipeline_new("clip")))};
  const auto playback = std::make_shared<ClipPlayback>();
  playback->tap = tap;
  playback->sink = sink->get();
  gst_bin_add_many(GST_BIN(pipeline.get()), filesrc, decodebin,
                   GST_ELEMENT(gst_object_ref(sink->get())), nullptr);
  gst_element_link(filesrc, decodebin);
  g_object_set(filesrc, "location", file.c_str(), nullptr);
  connect_signal(decodebin, "autoplug-continue", G_CALLBACK(ClipCallbacks::on_autoplug), playback);
  connect_signal(decodebin, "pad-added", G_CALLBACK(ClipCallbacks::on_pad), playback);
  connect_signal(decodebin, "no-more-pads", G_CALLBACK(ClipCallbacks::on_no_more_pads), playback);
  connect_signal(pipeline.get(), "deep-element-added", G_CALLBACK(ClipCallbacks::on_element),
                 playback);
  PipelineRun run{std::move(pipeline), tap, limits};
  return run.play(PipelineRun::Begin::Connected, judge, std::move(stop));
}

}  // namespace

Result<std::unique_ptr<FrameSource>> FileSource::create(std::filesystem::path file,
                                                        Playback playback,
                                                        const SourceLimits& limits) {
  std::error_code failure;
  if (!std::filesystem::is_regular_file(file, failure)) {
    return Error{ErrorCode::NotFound, "There is no clip " + file.string(), "rtspUrl"};
  }
  return std::unique_ptr<FrameSource>{new FileSource{std::move(file), playback, limits}};
}

FileSource::FileSource(std::filesystem::path file, Playback playback, const SourceLimits& limits)
    : file_{std::move(file)}, playback_{playback}, limits_{limits} {}

Result<> FileSource::run_once(FrameOutlet& outlet, std::stop_token stop) {
  while (true) {
    Result<> ended = play_once(file_, playback_.pace, limits_, outlet, stop);
    const bool at_end = !ended && ended.error().code == ErrorCode::EndOfStream;
    if (!playback_.loop || !at_end) return ended;
  }
}

}  // namespace bulkhead::worker
