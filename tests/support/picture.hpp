#pragma once

#include <filesystem>

#include "worker/frame/frame.hpp"

namespace bulkhead::test {

/// A picture file as a frame of blue, green and red; a failed expectation and an empty frame
/// where it cannot be read.
[[nodiscard]] worker::Frame read_picture(const std::filesystem::path& file);

/// The same picture as a camera's decoder would hand it over. Odd sides lose their last row or
/// column, because OpenCV converts even ones only.
[[nodiscard]] worker::Frame to_i420(const worker::Frame& bgr);

}  // namespace bulkhead::test
