#include "worker/publish/jpeg.hpp"

#include <turbojpeg.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>

namespace bulkhead::worker {

namespace {

using RangeTable = std::array<std::uint8_t, 256>;

/// Limited range to full: `low`..`high` becomes 0..255 around the same middle.
constexpr RangeTable stretch(int low, int high) {
  RangeTable table{};
  for (int value = 0; value < 256; ++value) {
    const int wide = ((value - low) * 255 + (high - low) / 2) / (high - low);
    table[static_cast<std::size_t>(value)] = static_cast<std::uint8_t>(std::clamp(wide, 0, 255));
  }
  return table;
}

constexpr RangeTable kLuma = stretch(16, 235);
constexpr RangeTable kChroma = stretch(16, 240);

struct CloseCompressor {
  void operator()(void* handle) const noexcept { tjDestroy(handle); }
};
struct FreeJpeg {
  void operator()(unsigned char* bytes) const noexcept { tjFree(bytes); }
};

void stretch_plane(const Plane& plane, std::size_t width, std::size_t height,
                   const RangeTable& table, std::uint8_t* out) {
  for (std::size_t row = 0; row < height; ++row) {
    const std::uint8_t* pixels = plane.pixels + row * plane.stride;
    out = std::transform(pixels, pixels + width, out,
                         [&table](std::uint8_t value) { return table[value]; });
  }
}

/// All planes tightly packed, in full range.
std::vector<std::uint8_t> full_range_planes(const Frame& frame) {
  const std::size_t width = frame.width;
  const std::size_t height = frame.height;
  const std::size_t chroma_width = (width + 1) / 2;
  const std::size_t chroma_height = (height + 1) / 2;
  const std::size_t luma_bytes = width * height;
  const std::size_t chroma_bytes = chroma_width * chroma_height;
  std::vector<std::uint8_t> packed(luma_bytes + 2 * chroma_bytes);
  std::uint8_t* u = packed.data() + luma_bytes;
  stretch_plane(frame.planes[0], width, height, kLuma, packed.data());
  stretch_plane(frame.planes[1], chroma_width, chroma_height, kChroma, u);
  stretch_plane(frame.planes[2], chroma_width, chroma_height, kChroma, u + chroma_bytes);
  return packed;
}

}  // namespace

Result<std::vector<std::byte>> encode_jpeg(const Frame& frame, int quality) {
  const std::unique_ptr<void, CloseCompressor> compressor{tjInitCompress()};
  if (!compressor) return Error{ErrorCode::Internal, "JPEG: the encoder does not start", {}};
  const int width = static_cast<int>(frame.width);
  const int height = static_cast<int>(frame.height);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  int failed = 0;
  if (frame.format == PixelFormat::Bgr) {
    failed = tjCompress2(compressor.get(), frame.planes[0].pixels, width,
                         static_cast<int>(frame.planes[0].stride), height, TJPF_BGR, &bytes, &size,
                         TJSAMP_420, quality, 0);
  } else {
    const std::vector<std::uint8_t> packed = full_range_planes(frame);
    failed = tjCompressFromYUV(compressor.get(), packed.data(), width, 1, height, TJSAMP_420,
                               &bytes, &size, quality, 0);
  }
  const std::unique_ptr<unsigned char, FreeJpeg> owner{bytes};
  if (failed != 0) {
    return Error{ErrorCode::Internal, std::string{"JPEG: "} + tjGetErrorStr2(compressor.get()), {}};
  }
  std::vector<std::byte> jpeg(size);
  std::memcpy(jpeg.data(), bytes, size);
  return jpeg;
}

}  // namespace bulkhead::worker
