#include "worker/source/file_source.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "worker/source/gst_handles.hpp"
#include "worker/source/picture_tap.hpp"
#include "worker/source/pipeline_run.hpp"
#include "worker/source/stream_error.hpp"

namespace bulkhead::worker {

namespace {

Error unusable() { return {ErrorCode::UnsupportedCodec, "The clip's pictures are of no use", {}}; }

bool is_video(const GstCaps* caps) {
  return caps != nullptr && gst_caps_get_size(caps) > 0 &&
         g_str_has_prefix(gst_structure_get_name(gst_caps_get_structure(caps, 0)), "video/");
}

/// What the callbacks of one playback share. The pipeline owns the elements.
struct ClipPlayback : std::enable_shared_from_this<ClipPlayback> {
  std::shared_ptr<PictureTap> tap;
  GstElement* decoder;
  GstElement* sink;
  std::atomic<bool> has_video{false};
};

/// The best demuxer for a container; null: `caps` is no container.
GstOwned<GstElement> demuxer_for(GstCaps* caps) {
  GList* all =
      gst_element_factory_list_get_elements(GST_ELEMENT_FACTORY_TYPE_DEMUXER, GST_RANK_MARGINAL);
  GList* fitting = gst_element_factory_list_filter(all, caps, GST_PAD_SINK, FALSE);
  GstElement* demuxer =
      fitting == nullptr ? nullptr
                         : gst_element_factory_create(GST_ELEMENT_FACTORY(fitting->data), nullptr);
  gst_plugin_feature_list_free(fitting);
  gst_plugin_feature_list_free(all);
  return GstOwned<GstElement>{demuxer == nullptr ? nullptr
                                                 : GST_ELEMENT(gst_object_ref_sink(demuxer))};
}

bool feed(GstPad* pad, GstElement* element) {
  const GstOwned<GstPad> entry{gst_element_get_static_pad(element, "sink")};
  return gst_pad_link(pad, entry.get()) == GST_PAD_LINK_OK;
}

struct ClipCallbacks {
  // The demuxer is ours and not decodebin's, which drops what a demuxer reports while it is being
  // started: a clip cut short then looked like a camera that sends nothing.
  static void on_type(GstElement* typefind, guint, GstCaps* caps, gpointer held) {
    auto& playback = signal_state<ClipPlayback>(held);
    const GstOwned<GstPad> found{gst_element_get_static_pad(typefind, "src")};
    const GstOwned<GstElement> demuxer = demuxer_for(caps);
    if (!demuxer) {
      if (!feed(found.get(), playback.decoder)) post_error(typefind, unusable());
      return;
    }
    const GstOwned<GstElement> pipeline{GST_ELEMENT(gst_element_get_parent(typefind))};
    if (!pipeline) return;  // being taken down
    connect_signal(demuxer.get(), "pad-added", G_CALLBACK(on_stream), playback.shared_from_this());
    connect_signal(demuxer.get(), "no-more-pads", G_CALLBACK(on_no_more_pads),
                   playback.shared_from_this());
    gst_bin_add(GST_BIN(pipeline.get()), demuxer.get());
    if (!feed(found.get(), demuxer.get()) || !gst_element_sync_state_with_parent(demuxer.get())) {
      post_error(typefind, unusable());
    }
  }

  // Sound is left unlinked, and further videos too.
  static void on_stream(GstElement* demuxer, GstPad* pad, gpointer held) {
    auto& playback = signal_state<ClipPlayback>(held);
    const GstOwned<GstCaps> caps{gst_pad_query_caps(pad, nullptr)};
    if (!is_video(caps.get()) || playback.has_video.exchange(true)) return;
    if (!feed(pad, playback.decoder)) post_error(demuxer, unusable());
  }

  static void on_picture_pad(GstElement* decoder, GstPad* pad, gpointer held) {
    auto& playback = signal_state<ClipPlayback>(held);
    const GstOwned<GstCaps> caps{gst_pad_query_caps(pad, nullptr)};
    if (!is_video(caps.get())) return;
    playback.has_video = true;
    if (!feed(pad, playback.sink)) post_error(decoder, unusable());
  }

  static void on_no_more_pads(GstElement* element, gpointer held) {
    if (signal_state<ClipPlayback>(held).has_video) return;
    post_error(element, {ErrorCode::NoVideo, "The clip has no video", {}});
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
  GstElement* typefind = gst_element_factory_make("typefind", nullptr);
  GstElement* decoder = gst_element_factory_make("decodebin", nullptr);
  if (filesrc == nullptr || typefind == nullptr || decoder == nullptr) {
    return Error{ErrorCode::Internal, "GStreamer has no filesrc, typefind or decodebin", {}};
  }
  GstOwned<GstElement> pipeline{GST_ELEMENT(gst_object_ref_sink(gst_pipeline_new("clip")))};
  const auto playback = std::make_shared<ClipPlayback>();
  playback->tap = tap;
  playback->decoder = decoder;
  playback->sink = sink->get();
  gst_bin_add_many(GST_BIN(pipeline.get()), filesrc, typefind, decoder, sink->get(), nullptr);
  gst_element_link(filesrc, typefind);
  g_object_set(filesrc, "location", file.c_str(), nullptr);
  connect_signal(typefind, "have-type", G_CALLBACK(ClipCallbacks::on_type), playback);
  connect_signal(decoder, "pad-added", G_CALLBACK(ClipCallbacks::on_picture_pad), playback);
  connect_signal(decoder, "no-more-pads", G_CALLBACK(ClipCallbacks::on_no_more_pads), playback);
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
