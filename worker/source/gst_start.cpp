#include "worker/source/gst_start.hpp"

#include <gst/gst.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "worker/source/gst_handles.hpp"
#include "worker/source/rtsp_session_header.hpp"

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

// Files of the elements above, and of the containers a clip may come in; but rtspsrc's, below.
constexpr std::array kPlugins{
    "libgstcoreelements.so",
    "libgstapp.so",
    "libgsttypefindfunctions.so",
    "libgstplayback.so",
    "libgstvideoconvert.so",
    "libgstvideoconvertscale.so",
    "libgstrtp.so",
    "libgstrtpmanager.so",
    "libgstsrtp.so",
    "libgstudp.so",
    "libgstvideoparsersbad.so",
    "libgstlibav.so",
    "libgstisomp4.so",
    "libgstavi.so",
    "libgstmatroska.so",
    "libgstmpegtsdemux.so",
};

/// An environment variable with another value for a while. Used before there are other threads.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const std::string& value) : name_{name} {
    if (const char* before = std::getenv(name)) before_ = before;
    if (!before_) g_setenv(name, value.c_str(), TRUE);
  }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;
  ~ScopedVariable() {
    if (!before_) g_unsetenv(name_);
  }

 private:
  const char* const name_;
  std::optional<std::string> before_;  // set: the operator's choice, left alone
};

/// A folder with links to the plugins we use and no others. Scanning all that a desktop has
/// installed would load 200 libraries into the first worker, which then keeps 100 MB of them, and
/// would let a hostile clip reach each of their parsers. Empty when the folder cannot be made.
std::filesystem::path link_plugins(const std::filesystem::path& cache_dir) {
  const std::filesystem::path all = BULKHEAD_GST_PLUGINS_DIR;
  const std::filesystem::path ours = cache_dir / "gst-plugins";
  std::error_code failure;
  std::filesystem::create_directories(ours, failure);
  for (const char* plugin : kPlugins) {
    if (!std::filesystem::exists(all / plugin, failure)) continue;
    std::filesystem::create_symlink(all / plugin, ours / plugin, failure);
    // Another worker may have been faster.
    if (!std::filesystem::exists(ours / plugin)) return {};
  }
  return ours;
}

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
  // In parentheses, for GStreamer's macros of these names compare functions with objects. Null is
  // its own log.
  (gst_debug_remove_log_function)(nullptr);
  (gst_debug_add_log_function)(on_gst_log, sink, nullptr);
  if (std::getenv("GST_DEBUG") == nullptr) {
    gst_debug_set_active(TRUE);
    gst_debug_set_default_threshold(GST_LEVEL_WARNING);
  }
  g_log_set_writer_func(on_glib_log, sink, nullptr);
}

// Not with the others, which are loaded to be listed before ours could be registered: rtspsrc looks
// for extensions when it is loaded. Where it lies elsewhere, that list knows it.
void load_rtsp_source(const GstLogSink& log) {
  if (!register_rtsp_session_header()) log("warn", "rtspsrc", "its sessions will not be known");
  GstPlugin* plugin = gst_plugin_load_file(BULKHEAD_GST_PLUGINS_DIR "/libgstrtsp.so", nullptr);
  if (plugin != nullptr) gst_object_unref(plugin);
}

// Loads the plugins now, so that a warm worker does not do it while its camera waits.
Result<> load_needed() {
  for (const NeededElement& needed : kNeeded) {
    GstElementFactory* factory = gst_element_factory_find(needed.name);
    GstPluginFeature* loaded =
        factory != nullptr ? gst_plugin_feature_load(GST_PLUGIN_FEATURE(factory)) : nullptr;
    if (factory != nullptr) gst_object_unref(factory);
    if (loaded == nullptr) {
      return Error{ErrorCode::Unavailable,
                   std::string{"GStreamer has no element "} + needed.name +
                       "; install the package " + needed.package,
                   {}};
    }
    gst_object_unref(loaded);
  }
  return {};
}

}  // namespace

Result<> gst_start(const std::filesystem::path& cache_dir, const GstLogSink& log) {
  // A scanner process would need the right to fork and exec, which a confined worker lacks.
  gst_registry_fork_set_enabled(FALSE);
  take_over_logs(log);
  const std::filesystem::path plugins = link_plugins(cache_dir);
  const std::string plugins_dir = plugins.empty() ? BULKHEAD_GST_PLUGINS_DIR : plugins.string();
  const ScopedVariable path{"GST_PLUGIN_SYSTEM_PATH_1_0", plugins_dir};
  const ScopedVariable registry{"GST_REGISTRY", cache_dir / "gst-registry.bin"};
  GError* failure = nullptr;
  if (!gst_init_check(nullptr, nullptr, &failure)) {
    const GstOwned<GError> error{failure};
    return Error{
        ErrorCode::Unavailable,
        std::string{"GStreamer does not start: "} + (error ? error->message : "no reason given"),
        {}};
  }
  load_rtsp_source(log);
  return load_needed();
}

}  // namespace bulkhead::worker
