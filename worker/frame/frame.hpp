#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace bulkhead::worker {

/// How the bytes of a picture are arranged.
enum class PixelFormat {
  I420,  // three planes Y, U, V; chroma at half size in both directions, rounded up
  Bgr,   // one plane, 3 bytes a pixel
};

/// One plane of a picture. Rows may be padded: step from row to row by `stride`.
struct Plane {
  const std::uint8_t* pixels = nullptr;
  std::size_t stride = 0;  // bytes
};

/// One decoded picture and when it came. A value: copying shares the pixels, which stay valid
/// and unchanged as long as any copy lives. `owner` keeps the decoder's buffer, so a frame is
/// never copied between decoder and letterbox; hold few, decoders have small pools.
struct Frame {
  std::uint64_t id = 0;  // counts frames of this generation from 1
  std::int64_t arrival_ns = 0;
  std::int64_t capture_wall_ns = 0;
  std::int64_t camera_ns = 0;  // by the camera's own clock, since 1900; 0: it does not tell
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  PixelFormat format = PixelFormat::I420;
  std::array<Plane, 3> planes;  // unused ones are null
  std::shared_ptr<const void> owner;
};

}  // namespace bulkhead::worker
