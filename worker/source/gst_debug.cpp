#include "worker/source/gst_debug.hpp"

#include <gst/gst.h>

namespace bulkhead::worker {

void raise_gst_debug(const std::vector<GstCategory>& categories) {
  for (const GstCategory& category : categories) {
    gst_debug_set_threshold_for_name(category.name.c_str(),
                                     static_cast<GstDebugLevel>(category.level));
  }
}

void end_gst_debug(const std::vector<GstCategory>& categories) {
  for (const GstCategory& category : categories) {
    gst_debug_unset_threshold_for_name(category.name.c_str());
  }
}

}  // namespace bulkhead::worker
