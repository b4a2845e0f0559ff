#pragma once

#include <gst/gst.h>

#include <string>

#include "common/error.hpp"

namespace bulkhead::worker {

/// What a camera offered in its session description, as far as it was looked at.
struct StreamOffer {
  bool is_known = false;       // at least one stream was announced
  bool has_video = false;      // of any codec
  bool has_usable = false;     // H.264 or H.265
  std::string other_codecs{};  // of the video that is of no use, e.g. "JPEG, VP8"
};

/// A failure as GStreamer reports it, taken apart.
struct StreamFailure {
  GQuark domain = 0;
  int code = 0;
  std::string text;          // its sentence and the last line of its debug text
  unsigned rtsp_status = 0;  // 0: the camera gave none
};

[[nodiscard]] StreamFailure stream_failure(GstMessage* error_message);

/// The one classification of what goes wrong between a camera or clip and its decoded pictures.
/// Pure; what GStreamer says is kept as the reason, unredacted.
[[nodiscard]] Error classify(const StreamFailure& failure, const StreamOffer& offer);

}  // namespace bulkhead::worker
