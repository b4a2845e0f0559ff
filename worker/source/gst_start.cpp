#include "worker/source/gst_start.hpp"

#include <gst/gst.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "worker/source/gst_handles.hpp"

namespace bulkhead::worker {

namespace {

struct NeededElement {
  const char* name;
  const char* package;
};

constexpr std::array kNeeded{
    NeededElement{"rtspsrc", "gstreamer1.0-plugins-good"},
    NeededElement{"rtpbin", "gstreamer1.0-plugins-good"},
    NeededElement{"udpsrc", "gstreamer1.0-plugins-good"},
    NeededElement{"rtph264depay", "gstreamer1.0-plugins-good"},
    NeededElement{"rtph265depay", "gstreamer1.0-plugins-good"},
    NeededElement{"h264parse", "gstreamer1.0-plugins-bad"},
    NeededElement{"h265parse", "gstreamer1.0-plugins-bad"},
    NeededElement{"avdec_h264", "gstreamer1.0-libav"},
    NeededElement{"avdec_h265", "gstreamer1.0-libav"},
    NeededElement{"videoconvert", "gstreamer1.0-plugins-base"},
    NeededElement{"decodebin", "gstreamer1.0-plugins-base"},
    NeededElement{"appsink", "gstreamer1.0-plugins-base"},
};

std::string_view level_name(GstDebugLevel level) {
  switch (level) {
    case GST_LEVEL_ERROR:
      return "error";
    case GST_LEVEL_WARNING:
    case GST_LEVEL_FIXME:
      return "warn";
    case GST_LEVEL_INFO:
      return "info";
    case GST_LEVEL_DEBUG:
      return "debug";
    default:
      return "trace";
  }
}

std::string_view level_name(GLogLevelFlags flags) {
  if ((flags & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL)) != 0) return "error";
  if ((flags & G_LOG_LEVEL_WARNING) != 0) return "warn";
  if ((flags & (G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_INFO)) != 0) return "info";
  return "debug";
}

void on_gst_log(GstDebugCategory* category, GstDebugLevel level, const gchar*, const gchar*, gint,
                GObject*, GstDebugMessage* message, gpointer sink) {
  (*static_cast<const GstLogSink*>(sink))(level_name(level), gst_debug_category_get_name(category),
                                          gst_debug_message_get(message));
}

std::string_view field_text(const GLogField& field) {
  const char* text = static_cast<const char*>(field.value);
  return field.length < 0 ? std::string_view{text}
                          : std::string_view{text, static_cast<std::size_t>(field.length)};
}

GLogWriterOutput on_glib_log(GLogLevelFlags flags, const GLogField* fields, gsize count,
                             gpointer sink) {
  std::string_view domain = "glib";
  std::string_view text;
  for (gsize i = 0; i < count; ++i) {
    const std::string_view key = fields[i].key;
    if (key == "MESSAGE") text = field_text(fields[i]);
    if (key == "GLIB_DOMAIN") domain = field_text(fields[i]);
  }
  (*static_cast<const GstLogSink*>(sink))(level_name(flags), domain, text);
  return G_LOG_WRITER_HANDLED;
}

// Never freed: plugins may write to it until the process is gone.
void take_over_logs(GstLogSink log) {
  auto* sink = new GstLogSink{std::move(log)};
  gst_debug_remove_log_function(gst_debug_log_default);
  gst_debug_add_log_function(on_gst_log, sink, nullptr);
  if (std::getenv("GST_DEBUG") == nullptr) {
    gst_debug_set_active(TRUE);
    gst_debug_set_default_threshold(GST_LEVEL_WARNING);
  }
  g_log_set_writer_func(on_glib_log, sink, nullptr);
}

}  // namespace

Result<> gst_start(const std::filesystem::path& cache_dir, GstLogSink log) {
  const std::filesystem::path registry = cache_dir / "gst-registry.bin";
  g_setenv("GST_REGISTRY", registry.c_str(), FALSE);
  // A scanner process would need the right to fork and exec, which a confined worker lacks.
  gst_registry_fork_set_enabled(FALSE);
  take_over_logs(std::move(log));
  GError* failure = nullptr;
  if (!gst_init_check(nullptr, nullptr, &failure)) {
    const GstOwned<GError> error{failure};
    return Error{
        ErrorCode::Unavailable,
        std::string{"GStreamer does not start: "} + (error ? error->message : "no reason given"),
        {}};
  }
  for (const NeededElement& needed : kNeeded) {
    GstElementFactory* factory = gst_element_factory_find(needed.name);
    if (factory == nullptr) {
      return Error{ErrorCode::Unavailable,
                   std::string{"GStreamer has no element "} + needed.name +
                       "; install the package " + needed.package,
                   {}};
    }
    gst_object_unref(factory);
  }
  return {};
}

}  // namespace bulkhead::worker
