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

struct Size {
  std::size_t width = 0;
  std::size_t height = 0;
};

/// Copies a plane of size `from`, stretched, into one of size `to` whose rows are not padded. Where
/// `to` is larger, the last column and row are repeated. Returns the end of what was written.
std::uint8_t* stretch_plane(const Plane& plane, const Size& from, const Size& to,
                            const RangeTable& table, std::uint8_t* out) {
  for (std::size_t row = 0; row < to.height; ++row) {
    const std::uint8_t* pixels = plane.pixels + std::min(row, from.height - 1) * plane.stride;
    out = std::transform(pixels, pixels + from.width, out,
                         [&table](std::uint8_t value) { return table[value]; });
    out = std::fill_n(out, to.width - from.width, out[-1]);
  }
  return out;
}

/// All planes in full range, packed as libjpeg-turbo wants them: with an even number of luma
/// columns and rows, also for pictures of odd size.
std::vector<std::uint8_t> full_range_planes(const Frame& frame) {
  const Size size{frame.width, frame.height};
  const Size chroma{(size.width + 1) / 2, (size.height + 1) / 2};
  const Size luma{chroma.width * 2, chroma.height * 2};
  std::vector<std::uint8_t> packed(luma.width * luma.height + 2 * chroma.width * chroma.height);
  std::uint8_t* end = stretch_plane(frame.planes[0], size, luma, kLuma, packed.data());
  end = stretch_plane(frame.planes[1], chroma, chroma, kChroma, end);
  stretch_plane(frame.planes[2], chroma, chroma, kChroma, end);
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
