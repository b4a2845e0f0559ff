#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "worker/source/gst_handles.hpp"

namespace bulkhead::deploy {

enum class Codec { H264, H265 };

/// One compressed picture of a clip. Times are counted from the start of the clip.
struct AccessUnit {
  std::shared_ptr<GstBuffer> bytes;  // never changed; what is sent is a copy that shares them
  std::int64_t decode_ns = 0;        // when it is due to be sent
  std::int64_t show_ns = 0;          // differs where pictures are sent out of order
};

/// A clip as it is served: compressed pictures in memory, not encoded again.
struct CameraClip {
  Codec codec = Codec::H264;
  std::shared_ptr<GstCaps> caps;  // byte-stream, one access unit a buffer
  std::vector<AccessUnit> units;
  std::int64_t length_ns = 0;  // from its start to the start of its next round
};

/// Reads the video of a clip: H.264 or H.265 in any container, or an elementary stream. `fps`
/// replaces the clip's own rate; 0 keeps it (25 where it names none). InvalidParams for other
/// codecs, and for clips over 256 MB.
Result<CameraClip> load_clip(const std::filesystem::path& file, double fps);

}  // namespace bulkhead::deploy
