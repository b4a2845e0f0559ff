#pragma once

#include <vector>

#include "common/gst_categories.hpp"

namespace bulkhead::worker {

/// Has GStreamer tell more, or what it tells else, from now on: what gst_start's sink gets. Used by
/// the main thread; GStreamer's own threads notice at their next message.
void raise_gst_debug(const std::vector<GstCategory>& categories);
void end_gst_debug(const std::vector<GstCategory>& categories);

}  // namespace bulkhead::worker
