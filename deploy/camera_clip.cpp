#include "deploy/camera_clip.hpp"

#include <gst/app/gstappsink.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "common/clock.hpp"

namespace bulkhead::deploy {

namespace {

using worker::GstOwned;

constexpr std::size_t kClipBytes = std::size_t{256} * 1024 * 1024;
constexpr double kDefaultFps = 25;

Error bad_clip(const std::filesystem::path& file, const std::string& reason) {
  return {ErrorCode::InvalidParams, file.string() + ": " + reason, {}};
}

// Takes the first H.264 or H.265 stream; deploy/make_demo_clip makes one out of anything else.
void on_stream(GstElement* parsebin, GstPad* pad, gpointer) {
  const GstOwned<GstCaps> caps{gst_pad_query_caps(pad, nullptr)};
  if (!caps || gst_caps_is_empty(caps.get()) || gst_caps_is_any(caps.get())) return;
  const std::string_view name = gst_structure_get_name(gst_caps_get_structure(caps.get(), 0));
  const char* elements = nullptr;
  if (name == "video/x-h264") {
    elements = "h264parse ! capsfilter caps=video/x-h264,stream-format=byte-stream,alignment=au";
  } else if (name == "video/x-h265") {
    elements = "h265parse ! capsfilter caps=video/x-h265,stream-format=byte-stream,alignment=au";
  }
  const GstOwned<GstElement> pipeline{GST_ELEMENT(gst_element_get_parent(parsebin))};
  const GstOwned<GstElement> units{gst_bin_get_by_name(GST_BIN(pipeline.get()), "units")};
  const GstOwned<GstPad> units_pad{gst_element_get_static_pad(units.get(), "sink")};
  if (elements == nullptr || gst_pad_is_linked(units_pad.get())) return;
  GstElement* bin = gst_parse_bin_from_description(elements, TRUE, nullptr);
  gst_bin_add(GST_BIN(pipeline.get()), bin);
  const GstOwned<GstPad> entry{gst_element_get_static_pad(bin, "sink")};
  gst_element_link(bin, units.get());
  gst_element_sync_state_with_parent(bin);
  gst_pad_link(pad, entry.get());
}

/// The next picture; none at the end, and after an error.
GstOwned<GstSample> next_unit(GstAppSink* sink, GstBus* bus) {
  constexpr GstClockTime kLook = 100 * GST_MSECOND;
  while (true) {
    if (GstSample* sample = gst_app_sink_try_pull_sample(sink, kLook)) {
      return GstOwned<GstSample>{sample};
    }
    const GstOwned<GstMessage> error{gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR)};
    if (error || gst_app_sink_is_eos(sink)) return nullptr;
  }
}

Result<CameraClip> read_units(GstAppSink* sink, GstBus* bus, const std::filesystem::path& file) {
  CameraClip clip;
  std::size_t bytes = 0;
  while (const GstOwned<GstSample> sample = next_unit(sink, bus)) {
    GstBuffer* buffer = gst_buffer_ref(gst_sample_get_buffer(sample.get()));
    bytes += gst_buffer_get_size(buffer);
    clip.units.push_back({std::shared_ptr<GstBuffer>{buffer, gst_buffer_unref}});
    if (bytes > kClipBytes) return bad_clip(file, "is longer than the demo camera holds");
    if (!clip.caps) {
      clip.caps.reset(gst_caps_ref(gst_sample_get_caps(sample.get())), gst_caps_unref);
    }
  }
  if (clip.units.empty()) {
    return bad_clip(file, "holds no H.264 or H.265 video; deploy/make_demo_clip converts it");
  }
  const GstStructure* format = gst_caps_get_structure(clip.caps.get(), 0);
  clip.codec = std::string_view{gst_structure_get_name(format)} == "video/x-h265" ? Codec::H265
                                                                                  : Codec::H264;
  return clip;
}

double announced_fps(const CameraClip& clip) {
  int numerator = 0;
  int denominator = 0;
  const GstStructure* format = gst_caps_get_structure(clip.caps.get(), 0);
  gst_structure_get_fraction(format, "framerate", &numerator, &denominator);
  return numerator > 0 && denominator > 0 ? double{1} * numerator / denominator : 0;
}

// A clip's own times where it has them all, stretched to `fps`; otherwise evenly spaced ones.
void set_times(CameraClip& clip, double fps) {
  const auto has_times = [](const AccessUnit& unit) {
    return GST_BUFFER_PTS_IS_VALID(unit.bytes.get()) && GST_BUFFER_DTS_IS_VALID(unit.bytes.get());
  };
  const double own_fps = announced_fps(clip);
  const double used_fps = fps > 0 ? fps : own_fps > 0 ? own_fps : kDefaultFps;
  const bool keep = own_fps > 0 && std::all_of(clip.units.begin(), clip.units.end(), has_times);
  const double stretch = keep ? own_fps / used_fps : 1;
  const std::int64_t first_ns =
      keep ? static_cast<std::int64_t>(GST_BUFFER_DTS(clip.units.front().bytes.get())) : 0;
  const auto place = [&](GstClockTime time) {
    const std::int64_t since_first = static_cast<std::int64_t>(time) - first_ns;
    return static_cast<std::int64_t>(static_cast<double>(since_first) * stretch);
  };
  for (std::size_t i = 0; i < clip.units.size(); ++i) {
    AccessUnit& unit = clip.units[i];
    const auto even = static_cast<std::int64_t>(static_cast<double>(i) * kNsPerSecond / used_fps);
    unit.decode_ns = keep ? place(GST_BUFFER_DTS(unit.bytes.get())) : even;
    unit.show_ns = keep ? place(GST_BUFFER_PTS(unit.bytes.get())) : even;
  }
  clip.length_ns = clip.units.back().decode_ns + static_cast<std::int64_t>(kNsPerSecond / used_fps);
}

}  // namespace

Result<CameraClip> load_clip(const std::filesystem::path& file, double fps) {
  if (!std::filesystem::is_regular_file(file)) return bad_clip(file, "is no file");
  const GstOwned<GstElement> pipeline{GST_ELEMENT(gst_object_ref_sink(gst_pipeline_new("clip")))};
  GstElement* source = gst_element_factory_make("filesrc", nullptr);
  GstElement* parsebin = gst_element_factory_make("parsebin", nullptr);
  GstElement* units = gst_element_factory_make("appsink", "units");
  if (source == nullptr || parsebin == nullptr || units == nullptr) {
    return Error{ErrorCode::Unavailable, "GStreamer's base plugins are not installed", {}};
  }
  g_object_set(source, "location", file.c_str(), nullptr);
  g_object_set(units, "sync", FALSE, "max-buffers", 16U, nullptr);
  gst_bin_add_many(GST_BIN(pipeline.get()), source, parsebin, units, nullptr);
  gst_element_link(source, parsebin);
  g_signal_connect(parsebin, "pad-added", G_CALLBACK(on_stream), nullptr);

  const GstOwned<GstBus> bus{gst_element_get_bus(pipeline.get())};
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  Result<CameraClip> clip = read_units(GST_APP_SINK(units), bus.get(), file);
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  if (clip) set_times(*clip, fps);
  return clip;
}

}  // namespace bulkhead::deploy
