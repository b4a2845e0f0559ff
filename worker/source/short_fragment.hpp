#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <span>
#include <string_view>

namespace bulkhead::worker {

/// Whether an RTP payload claims to be a piece or a collection of NAL units (RFC 6184 5.6 to 5.8,
/// RFC 7798 4.4.2 and 4.4.3) and ends before the first byte of any. `encoding` is H264 or H265.
[[nodiscard]] bool is_short_fragment(std::span<const std::uint8_t> payload,
                                     std::string_view encoding);

/// Drops such packets from now on, before a depayloader sees them: those of GStreamer 1.22 subtract
/// the headers' length from the payload's without a look, then copy 4 GiB, and the worker is gone.
/// One truncated packet of a camera is enough. For a pad that carries RTP packets one by one.
void drop_short_fragments(GstPad* pad, std::string_view encoding);

}  // namespace bulkhead::worker
