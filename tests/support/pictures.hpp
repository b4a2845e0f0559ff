#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "worker/frame/frame.hpp"

namespace bulkhead::test {

/// A frame of one colour that owns its pixels. Rows are padded, as decoders do, with bytes of
/// another value, so that padding taken for pixels shows.
inline worker::Frame plain_i420(std::uint64_t id, std::uint32_t width, std::uint32_t height,
                                std::uint8_t y, std::uint8_t u = 128, std::uint8_t v = 128) {
  constexpr std::size_t kPadding = 16;
  auto pixels = std::make_shared<std::vector<std::uint8_t>>();
  const auto append = [&pixels](std::size_t columns, std::size_t rows, std::uint8_t value) {
    for (std::size_t row = 0; row < rows; ++row) {
      pixels->insert(pixels->end(), columns, value);
      pixels->insert(pixels->end(), kPadding, static_cast<std::uint8_t>(value + 100));
    }
  };
  const std::size_t chroma_width = (width + 1) / 2;
  const std::size_t chroma_height = (height + 1) / 2;
  append(width, height, y);
  append(chroma_width, chroma_height, u);
  append(chroma_width, chroma_height, v);
  const std::uint8_t* luma_begin = pixels->data();
  const std::uint8_t* u_begin = luma_begin + (width + kPadding) * height;
  const std::uint8_t* v_begin = u_begin + (chroma_width + kPadding) * chroma_height;
  worker::Frame frame;
  frame.id = id;
  frame.width = width;
  frame.height = height;
  frame.planes = {worker::Plane{luma_begin, width + kPadding},
                  worker::Plane{u_begin, chroma_width + kPadding},
                  worker::Plane{v_begin, chroma_width + kPadding}};
  frame.owner = std::move(pixels);
  return frame;
}

/// One whose left half is of one colour (blue, green, red) and whose right half of another.
inline worker::Frame halves_bgr(std::uint32_t width, std::uint32_t height,
                                const std::array<std::uint8_t, 3>& left,
                                const std::array<std::uint8_t, 3>& right) {
  auto pixels = std::make_shared<std::vector<std::uint8_t>>();
  for (std::size_t i = 0; i < std::size_t{width} * height; ++i) {
    const auto& colour = i % width < width / 2 ? left : right;
    pixels->insert(pixels->end(), colour.begin(), colour.end());
  }
  worker::Frame frame;
  frame.id = 1;
  frame.width = width;
  frame.height = height;
  frame.format = worker::PixelFormat::Bgr;
  frame.planes[0] = {pixels->data(), std::size_t{3} * width};
  frame.owner = std::move(pixels);
  return frame;
}

/// One of one colour.
inline worker::Frame plain_bgr(std::uint64_t id, std::uint32_t width, std::uint32_t height,
                               std::uint8_t blue, std::uint8_t green, std::uint8_t red) {
  worker::Frame frame = halves_bgr(width, height, {blue, green, red}, {blue, green, red});
  frame.id = id;
  return frame;
}

}  // namespace bulkhead::test
