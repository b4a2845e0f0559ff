#include "worker/publish/preview_publisher.hpp"

#include <gtest/gtest.h>
#include <turbojpeg.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <random>
#include <vector>

#include "common/limits.hpp"
#include "ipc/shm_segment.hpp"
#include "tests/support/pictures.hpp"
#include "worker/publish/jpeg.hpp"

namespace bulkhead::worker {
namespace {

using test::plain_bgr;
using test::plain_i420;

struct Decoded {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> rgb;

  [[nodiscard]] std::array<int, 3> middle() const {
    const std::size_t at = (static_cast<std::size_t>(height / 2) * static_cast<std::size_t>(width) +
                            static_cast<std::size_t>(width / 2)) *
                           3;
    return {rgb[at], rgb[at + 1], rgb[at + 2]};
  }
};

Decoded decode(const std::vector<std::byte>& jpeg) {
  Decoded decoded;
  tjhandle handle = tjInitDecompress();
  const auto* bytes = reinterpret_cast<const unsigned char*>(jpeg.data());
  int subsampling = 0;
  int colours = 0;
  EXPECT_EQ(tjDecompressHeader3(handle, bytes, jpeg.size(), &decoded.width, &decoded.height,
                                &subsampling, &colours),
            0);
  decoded.rgb.resize(static_cast<std::size_t>(decoded.width) *
                     static_cast<std::size_t>(decoded.height) * 3);
  EXPECT_EQ(tjDecompress2(handle, bytes, jpeg.size(), decoded.rgb.data(), decoded.width, 0,
                          decoded.height, TJPF_RGB, 0),
            0);
  tjDestroy(handle);
  return decoded;
}

void expect_near(const std::array<int, 3>& colour, const std::array<int, 3>& wanted) {
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(colour[i], wanted[i], 6) << "channel " << i;
}

TEST(JpegTest, LimitedRangeBecomesFullRange) {
  expect_near(decode(encode_jpeg(plain_i420(1, 64, 48, 16), 85).value()).middle(), {0, 0, 0});
  expect_near(decode(encode_jpeg(plain_i420(1, 64, 48, 235), 85).value()).middle(),
              {255, 255, 255});
  // Red of BT.601 in limited range.
  expect_near(decode(encode_jpeg(plain_i420(1, 64, 48, 81, 90, 240), 95).value()).middle(),
              {255, 0, 0});
}

TEST(JpegTest, OddSizesAndPaddedRowsComeOutWhole) {
  const Decoded decoded = decode(encode_jpeg(plain_i420(1, 321, 241, 126), 85).value());
  EXPECT_EQ(decoded.width, 321);
  EXPECT_EQ(decoded.height, 241);
  const std::uint8_t first = decoded.rgb.front();
  for (const std::uint8_t value : decoded.rgb) {
    ASSERT_NEAR(value, first, 1) << "padding was taken for pixels";
  }
}

TEST(JpegTest, BgrKeepsItsColours) {
  expect_near(decode(encode_jpeg(plain_bgr(1, 64, 48, 255, 0, 0), 95).value()).middle(),
              {0, 0, 255});
}

class PreviewPublisherTest : public testing::Test {
 protected:
  ipc::ShmSegment segment_ = ipc::ShmSegment::create().value();
  PreviewPublisher preview_{segment_.preview_slot()};
  ipc::PreviewSlotReader reader_{segment_.preview_slot()};
  std::vector<std::byte> jpeg_;
  std::uint64_t frame_id_ = 0;
};

TEST_F(PreviewPublisherTest, BeforeTheFirstFrameThereIsNoPicture) {
  const auto taken = preview_.take(85);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::Unavailable);
}

TEST_F(PreviewPublisherTest, TheLatestFrameLiesInTheSlotAsAJpeg) {
  preview_.keep(plain_i420(1, 64, 48, 16));
  preview_.keep(plain_i420(2, 64, 48, 235));
  EXPECT_EQ(preview_.take(85).value(), 2U);
  ASSERT_TRUE(reader_.read(jpeg_, frame_id_));
  EXPECT_EQ(frame_id_, 2U);
  expect_near(decode(jpeg_).middle(), {255, 255, 255});
}

TEST_F(PreviewPublisherTest, APictureTooLargeForTheSlotLosesQualityNotSize) {
  Frame frame = plain_i420(7, 1920, 1080, 0);
  std::minstd_rand random{7};
  for (auto* pixel = const_cast<std::uint8_t*>(frame.planes[0].pixels);
       pixel != frame.planes[1].pixels; ++pixel) {
    *pixel = static_cast<std::uint8_t>(random() >> 8U);
  }
  ASSERT_GT(encode_jpeg(frame, 95).value().size(), limits::kPreviewBytes);
  preview_.keep(frame);
  EXPECT_EQ(preview_.take(95).value(), 7U);
  ASSERT_TRUE(reader_.read(jpeg_, frame_id_));
  EXPECT_EQ(decode(jpeg_).width, 1920);
}

TEST_F(PreviewPublisherTest, HoldsOneFrameAndLetsItGoWhenTold) {
  Frame first = plain_i420(1, 64, 48, 16);
  const std::weak_ptr<const void> first_pixels{first.owner};
  preview_.keep(first);
  first = {};
  EXPECT_FALSE(first_pixels.expired());
  Frame second = plain_i420(2, 64, 48, 16);
  const std::weak_ptr<const void> second_pixels{second.owner};
  preview_.keep(second);
  second = {};
  EXPECT_TRUE(first_pixels.expired()) << "the decoder waits for this buffer";
  preview_.release();
  EXPECT_TRUE(second_pixels.expired());
}

}  // namespace
}  // namespace bulkhead::worker
