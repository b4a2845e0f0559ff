#include "ipc/preview_slot.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace bulkhead::ipc {
namespace {

constexpr std::size_t kSlotBytes = 4096;

class PreviewSlot : public ::testing::Test {
 protected:
  std::span<std::byte> region() { return {memory_.bytes, sizeof memory_.bytes}; }
  PreviewSlotLayout& layout() { return *reinterpret_cast<PreviewSlotLayout*>(memory_.bytes); }

  struct alignas(kCacheLineBytes) Memory {
    std::byte bytes[sizeof(PreviewSlotLayout) + kSlotBytes]{};
  } memory_;
  PreviewSlotWriter writer_{region()};
  PreviewSlotReader reader_{region()};
  std::vector<std::byte> got_;
  std::uint64_t frame_id_ = 0;
};

std::vector<std::byte> picture(std::size_t size, std::uint64_t frame_id) {
  return std::vector<std::byte>(size, static_cast<std::byte>(frame_id));
}

TEST_F(PreviewSlot, HasNothingBeforeTheFirstPicture) {
  EXPECT_FALSE(reader_.read(got_, frame_id_));
}

TEST_F(PreviewSlot, GivesTheLatestPictureOfAnySizeThatFits) {
  for (const std::size_t size : {1UL, 7UL, 8UL, 9UL, 1001UL, kSlotBytes, 0UL}) {
    ASSERT_TRUE(writer_.write(size, picture(size, size)));
    ASSERT_TRUE(reader_.read(got_, frame_id_));
    EXPECT_EQ(got_, picture(size, size));
    EXPECT_EQ(frame_id_, size);
  }
}

TEST_F(PreviewSlot, RefusesAPictureThatIsTooLargeAndKeepsTheOldOne) {
  ASSERT_TRUE(writer_.write(1, picture(10, 1)));
  EXPECT_FALSE(writer_.write(2, picture(kSlotBytes + 1, 2)));
  ASSERT_TRUE(reader_.read(got_, frame_id_));
  EXPECT_EQ(frame_id_, 1U);
}

TEST_F(PreviewSlot, HasNothingWhenTheWriterDiedInTheMiddle) {
  ASSERT_TRUE(writer_.write(1, picture(10, 1)));
  layout().sequence.store(3);
  EXPECT_FALSE(reader_.read(got_, frame_id_));
}

TEST_F(PreviewSlot, HasNothingWhenTheLengthIsImpossible) {
  ASSERT_TRUE(writer_.write(1, picture(10, 1)));
  layout().length.store(kSlotBytes + 1);
  EXPECT_FALSE(reader_.read(got_, frame_id_));
  layout().length.store(~std::uint64_t{0});
  EXPECT_FALSE(reader_.read(got_, frame_id_));
}

TEST_F(PreviewSlot, NeverGivesAMixedPictureWhileTheWriterGoesOn) {
  std::atomic<bool> done = false;
  std::jthread writing{[this, &done] {
    for (std::uint64_t id = 1; !done.load(); ++id) {
      (void)writer_.write(id, picture(512 + id % 1024, id));
    }
  }};
  int taken = 0;
  while (taken < 2'000) {
    if (!reader_.read(got_, frame_id_)) continue;
    ++taken;
    const bool whole = got_ == picture(512 + frame_id_ % 1024, frame_id_);
    EXPECT_TRUE(whole) << "frame " << frame_id_;
    if (!whole) break;
  }
  done.store(true);
}

}  // namespace
}  // namespace bulkhead::ipc
