#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"

namespace bulkhead {

/// What one part of GStreamer is to tell, as in GST_DEBUG: "rtspsrc:6".
struct GstCategory {
  std::string name;  // letters, digits, '_' and '-'; '*' stands for any
  int level = 0;     // 1 errors … 5 debug, 6 log, 7 trace

  bool operator==(const GstCategory&) const = default;
};

/// Reads "rtspsrc:6,rtpjitterbuffer:5". At most limits::kGstDebugCategories of
/// limits::kGstDebugCategoryBytes each. Levels end at 7: beyond, whole packets are shown as
/// numbers, in which no secret could be found. InvalidParams says what there may be.
[[nodiscard]] Result<std::vector<GstCategory>> parse_gst_categories(std::string_view text);

}  // namespace bulkhead
