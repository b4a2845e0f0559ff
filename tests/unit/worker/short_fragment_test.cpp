#include "worker/source/short_fragment.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace bulkhead::worker {
namespace {

using Payload = std::vector<std::uint8_t>;

constexpr std::uint8_t kFuA = 0x7c;    // H.264, type 28
constexpr std::uint8_t kStapB = 0x79;  // type 25
constexpr std::uint8_t kFu = 49 << 1;  // H.265
constexpr std::uint8_t kAp = 48 << 1;

TEST(ShortFragmentTest, APieceWithoutAByteOfItsNalUnitIsShort) {
  EXPECT_TRUE(is_short_fragment(Payload{kFuA}, "H264"));
  EXPECT_TRUE(is_short_fragment(Payload{kFuA, 0x85}, "H264"));
  EXPECT_FALSE(is_short_fragment(Payload{kFuA, 0x85, 0x11}, "H264"));
  EXPECT_TRUE(is_short_fragment(Payload{kFu, 1, 0x93}, "H265"));
  EXPECT_FALSE(is_short_fragment(Payload{kFu, 1, 0x93, 0x11}, "H265"));
}

TEST(ShortFragmentTest, ACollectionThatEndsInItsHeaderIsShort) {
  EXPECT_TRUE(is_short_fragment(Payload{kStapB, 0}, "H264"));
  EXPECT_TRUE(is_short_fragment(Payload{kAp}, "H265"));
}

TEST(ShortFragmentTest, ANalUnitByItselfMayHaveOneByte) {
  constexpr std::uint8_t kEndOfSequence = 0x0a;
  EXPECT_FALSE(is_short_fragment(Payload{kEndOfSequence}, "H264"));
  constexpr std::uint8_t kEndOfSequence265 = 36 << 1;
  EXPECT_FALSE(is_short_fragment(Payload{kEndOfSequence265, 1}, "H265"));
}

TEST(ShortFragmentTest, NothingIsShort) { EXPECT_TRUE(is_short_fragment({}, "H264")); }

}  // namespace
}  // namespace bulkhead::worker
