#include "tests/support/picture.hpp"

#include <gtest/gtest.h>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

namespace bulkhead::test {

using worker::Frame;
using worker::PixelFormat;

Frame read_picture(const std::filesystem::path& file) {
  const auto pixels = std::make_shared<cv::Mat>(cv::imread(file.string(), cv::IMREAD_COLOR));
  EXPECT_FALSE(pixels->empty()) << "cannot read " << file;
  Frame frame;
  frame.width = static_cast<std::uint32_t>(pixels->cols);
  frame.height = static_cast<std::uint32_t>(pixels->rows);
  frame.format = PixelFormat::Bgr;
  frame.planes[0] = {pixels->data, pixels->step};
  frame.owner = pixels;
  return frame;
}

Frame to_i420(const Frame& bgr) {
  const int width = static_cast<int>(bgr.width) & ~1;
  const int height = static_cast<int>(bgr.height) & ~1;
  const cv::Mat source{height, width, CV_8UC3, const_cast<std::uint8_t*>(bgr.planes[0].pixels),
                       bgr.planes[0].stride};
  const auto pixels = std::make_shared<cv::Mat>();
  cv::cvtColor(source, *pixels, cv::COLOR_BGR2YUV_I420);
  Frame frame = bgr;
  frame.width = static_cast<std::uint32_t>(width);
  frame.height = static_cast<std::uint32_t>(height);
  frame.format = PixelFormat::I420;
  const std::size_t luma = std::size_t{frame.width} * frame.height;
  frame.planes[0] = {pixels->data, frame.width};
  frame.planes[1] = {pixels->data + luma, frame.width / 2};
  frame.planes[2] = {pixels->data + luma + luma / 4, frame.width / 2};
  frame.owner = pixels;
  return frame;
}

}  // namespace bulkhead::test
