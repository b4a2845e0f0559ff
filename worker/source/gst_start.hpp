#pragma once

#include <filesystem>
#include <functional>
#include <string_view>

#include "common/result.hpp"

namespace bulkhead::worker {

/// Receives what GStreamer, its plugins and GLib want to say. Called from any thread. The text is
/// foreign: the logger escapes it and removes secrets.
using GstLogSink =
    std::function<void(std::string_view level, std::string_view category, std::string_view text)>;

/// Starts GStreamer, once per process, before any source is made and before other threads exist
/// (it sets environment variables for a moment), and loads what a camera needs.
///
/// Only the plugins that sources use are known afterwards: `cache_dir` gets a folder of links to
/// them and the registry made of it, unless GST_PLUGIN_SYSTEM_PATH_1_0 and GST_REGISTRY say
/// otherwise. Nothing is forked. Nothing of it writes to stderr any more: `log` gets warnings and
/// errors (level "warn", "error"), or all that GST_DEBUG asks for.
///
/// Unavailable: GStreamer does not start, or a plugin that a camera needs is not installed; the
/// message names its Debian package.
Result<> gst_start(const std::filesystem::path& cache_dir, const GstLogSink& log);

}  // namespace bulkhead::worker
