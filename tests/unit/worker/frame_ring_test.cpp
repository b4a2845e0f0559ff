#include "worker/frame/frame_ring.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "tests/support/hang_limit.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;

using test::kHangLimit;

Frame frame(std::uint64_t id) {
  Frame frame;
  frame.id = id;
  return frame;
}

std::uint64_t id_of(const std::optional<Frame>& taken) { return taken ? taken->id : 0; }

TEST(FrameRingTest, GivesFramesInOrderWhileTheDetectorKeepsUp) {
  FrameRing ring{2, WhenFull::DropOldest};
  ASSERT_TRUE(ring.push(frame(1), {}));
  ASSERT_TRUE(ring.push(frame(2), {}));
  EXPECT_EQ(id_of(ring.pop({}, 0ms)), 1U);
  EXPECT_EQ(id_of(ring.pop({}, 0ms)), 2U);
  EXPECT_EQ(id_of(ring.pop({}, 0ms)), 0U);
  EXPECT_EQ(ring.dropped_total(), 0U);
}

TEST(FrameRingTest, ADetectorThatFellBehindGetsTheNewestAndEveryLossIsCounted) {
  FrameRing ring{2, WhenFull::DropOldest};
  for (std::uint64_t id = 1; id <= 5; ++id) ASSERT_TRUE(ring.push(frame(id), {}));
  EXPECT_EQ(id_of(ring.pop({}, 0ms)), 5U);
  EXPECT_EQ(ring.dropped_total(), 4U);
  EXPECT_EQ(ring.depth(), 0U);

  ASSERT_TRUE(ring.push(frame(6), {}));
  ASSERT_TRUE(ring.push(frame(7), {}));
  EXPECT_EQ(id_of(ring.pop({}, 0ms)), 6U) << "it keeps up again";
}

TEST(FrameRingTest, AFastCameraMayBeHeldUpAsLongAsASlowOne) {
  const auto arrives = [](std::uint64_t id, std::chrono::nanoseconds at) {
    Frame arrived = frame(id);
    arrived.arrival_ns = at.count();
    return arrived;
  };
  FrameRing fast{8, WhenFull::DropOldest};
  for (std::uint64_t id = 0; id <= 5; ++id) (void)fast.push(arrives(id, id * 40ms), {});
  EXPECT_EQ(fast.dropped_total(), 0U) << "200 ms of 25 frames a second";
  (void)fast.push(arrives(6, 240ms), {});
  EXPECT_EQ(fast.dropped_total(), 1U);

  FrameRing slow{8, WhenFull::DropOldest};
  (void)slow.push(arrives(1, 0s), {});
  (void)slow.push(arrives(2, 1s), {});
  EXPECT_EQ(slow.dropped_total(), 0U) << "two may always be held";
  (void)slow.push(arrives(3, 2s), {});
  EXPECT_EQ(slow.dropped_total(), 1U);

  FrameRing burst{8, WhenFull::DropOldest};
  for (std::uint64_t id = 0; id < 9; ++id) (void)burst.push(arrives(id, 0s), {});
  EXPECT_EQ(burst.dropped_total(), 1U) << "never more than the capacity";
}

TEST(FrameRingTest, ADroppedFrameGivesItsPixelsBackAtOnce) {
  FrameRing ring{1, WhenFull::DropOldest};
  const auto pixels = std::make_shared<const int>(1);
  Frame first = frame(1);
  first.owner = pixels;
  ASSERT_TRUE(ring.push(std::move(first), {}));
  EXPECT_EQ(pixels.use_count(), 2);
  ASSERT_TRUE(ring.push(frame(2), {}));
  EXPECT_EQ(pixels.use_count(), 1);
}

TEST(FrameRingTest, ABlockingRingLosesNothing) {
  constexpr std::uint64_t kFrames = 1000;
  FrameRing ring{2, WhenFull::Block};
  std::jthread source{[&ring](const std::stop_token& stop) {
    for (std::uint64_t id = 1; id <= kFrames; ++id) {
      if (!ring.push(frame(id), stop)) return;
    }
  }};
  for (std::uint64_t id = 1; id <= kFrames; ++id) {
    ASSERT_EQ(id_of(ring.pop({}, kHangLimit)), id);
  }
  EXPECT_EQ(ring.dropped_total(), 0U);
}

TEST(FrameRingTest, AStopWakesASourceThatWaitsForRoom) {
  FrameRing ring{1, WhenFull::Block};
  ASSERT_TRUE(ring.push(frame(1), {}));
  std::optional<bool> pushed;
  {
    std::jthread source{[&](const std::stop_token& stop) { pushed = ring.push(frame(2), stop); }};
  }  // asks the thread to stop and joins it
  EXPECT_EQ(pushed, false);
  EXPECT_EQ(ring.depth(), 1U);
}

TEST(FrameRingTest, AStopWakesADetectorThatWaitsForAFrame) {
  FrameRing ring{1, WhenFull::DropOldest};
  std::optional<Frame> taken = frame(9);
  {
    std::jthread detector{[&](const std::stop_token& stop) { taken = ring.pop(stop, kHangLimit); }};
  }
  EXPECT_FALSE(taken);
}

}  // namespace
}  // namespace bulkhead::worker
