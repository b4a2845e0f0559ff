#include "worker/source/short_fragment.hpp"

#include <gst/rtp/gstrtpbuffer.h>

#include <cstddef>

namespace bulkhead::worker {

namespace {

constexpr std::string_view kH265 = "H265";

GstPadProbeReturn on_packet(GstPad*, GstPadProbeInfo* probe, gpointer is_h265) {
  GstRTPBuffer packet = GST_RTP_BUFFER_INIT;
  if (!gst_rtp_buffer_map(GST_PAD_PROBE_INFO_BUFFER(probe), GST_MAP_READ, &packet)) {
    return GST_PAD_PROBE_DROP;
  }
  const std::span payload{static_cast<const std::uint8_t*>(gst_rtp_buffer_get_payload(&packet)),
                          gst_rtp_buffer_get_payload_len(&packet)};
  const bool drop =
      is_short_fragment(payload, is_h265 != nullptr ? kH265 : std::string_view{"H264"});
  gst_rtp_buffer_unmap(&packet);
  return drop ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
}

}  // namespace

bool is_short_fragment(std::span<const std::uint8_t> payload, std::string_view encoding) {
  if (payload.empty()) return true;
  if (encoding == kH265) {
    constexpr unsigned kFirstOfMany = 48;  // types from here on are no NAL unit by themselves
    constexpr std::size_t kHeaders = 3;
    return ((payload[0] >> 1U) & 0x3fU) >= kFirstOfMany && payload.size() <= kHeaders;
  }
  constexpr unsigned kFirstOfMany = 24;
  constexpr std::size_t kHeaders = 2;
  return (payload[0] & 0x1fU) >= kFirstOfMany && payload.size() <= kHeaders;
}

void drop_short_fragments(GstPad* pad, std::string_view encoding) {
  gpointer is_h265 = encoding == kH265 ? GINT_TO_POINTER(1) : nullptr;
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_packet, is_h265, nullptr);
}

}  // namespace bulkhead::worker
