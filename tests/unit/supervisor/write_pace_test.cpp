#include "supervisor/control/write_pace.hpp"

#include <gtest/gtest.h>

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;
using Clock = WriteProgress::Clock;

constexpr Clock::time_point kBegan{100s};

TEST(FlushSizeTest, OneThatTakesLittleIsSentLittleAtOnce) {
  FlushSize size;
  size.taken(64 * 1024, 1600ms);
  EXPECT_EQ(size.bytes(), 4U * 1024) << "what it takes in a tenth of a second";
  size.taken(1, 10s);
  EXPECT_EQ(size.bytes(), limits::kLeastFlushBytes);
}

TEST(FlushSizeTest, ItGrowsTwofoldAtMostForTheKernelTakesMuchAtOnce) {
  FlushSize size;
  size.taken(1, 10s);
  std::size_t before = size.bytes();
  for (int i = 0; i < 6; ++i) {
    size.taken(before, 1us);
    EXPECT_EQ(size.bytes(), std::min(2 * before, limits::kFlushBytes));
    before = size.bytes();
  }
  EXPECT_EQ(before, limits::kFlushBytes);
}

TEST(WriteProgressTest, AWriteOfWhichNothingIsAcknowledgedIsStuckAtItsLimit) {
  WriteProgress progress{4s};
  EXPECT_TRUE(progress.look(kBegan, 1000, kBegan + 1s));
  EXPECT_EQ(progress.next_look(kBegan + 1s), kBegan + 2s);
  EXPECT_TRUE(progress.look(kBegan, 1000, kBegan + 3500ms));
  EXPECT_EQ(progress.next_look(kBegan + 3500ms), kBegan + 4s) << "not later than its limit";
  EXPECT_FALSE(progress.look(kBegan, 1000, kBegan + 4s));
}

TEST(WriteProgressTest, OneThatIsAcknowledgedLittleByLittleIsNot) {
  WriteProgress progress{4s};
  std::size_t queued = 1000;
  Clock::time_point now = kBegan;
  for (int i = 0; i < 20; ++i) {
    now += 3s;
    queued = i % 5 == 4 ? 1000 : queued - 1;  // at times the kernel has taken more of it
    EXPECT_TRUE(progress.look(kBegan, queued, now)) << i;
  }
  EXPECT_FALSE(progress.look(kBegan, queued, now + 4s)) << "since it last moved";
}

TEST(WriteProgressTest, TheNextWriteHasAllItsTime) {
  WriteProgress progress{4s};
  EXPECT_TRUE(progress.look(kBegan, 1000, kBegan + 3s));
  EXPECT_TRUE(progress.look(kBegan + 3s, 1000, kBegan + 6s));
  EXPECT_FALSE(progress.look(kBegan + 3s, 1000, kBegan + 7s));
}

}  // namespace
}  // namespace bulkhead::supervisor
