#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <random>
#include <vector>

#include "ipc/spsc_ring.hpp"
#include "tests/unit/ipc/ring_memory.hpp"

namespace bulkhead::ipc {
namespace {

constexpr std::size_t kHostileCapacity = 1024;
constexpr std::size_t kHostileMaxMessage = 100;

class HostileProducer : public ::testing::Test {
 protected:
  void push(std::size_t size) {
    ASSERT_TRUE(producer_.try_push(std::vector<std::byte>(size, std::byte{0x5A})));
  }
  void write_length(std::size_t at, std::uint32_t length) {
    std::memcpy(memory_.data().data() + at, &length, sizeof length);
  }
  void expect_corrupt() { EXPECT_EQ(consumer_.try_pop(got_), PopStatus::Corrupt); }

  RingMemory memory_{kHostileCapacity};
  SpscRingProducer producer_{memory_.region()};
  SpscRingConsumer consumer_{memory_.region(), kHostileMaxMessage};
  std::vector<std::byte> got_;
};

TEST_F(HostileProducer, IsFoundWhenItsTailIsBehindTheHead) {
  push(12);
  ASSERT_EQ(consumer_.try_pop(got_), PopStatus::Ok);
  memory_.layout().tail.store(8);
  expect_corrupt();
}

TEST_F(HostileProducer, IsFoundWhenItsTailGoesBackBehindWhatItHadPublished) {
  push(12);
  push(12);
  push(12);
  ASSERT_EQ(consumer_.try_pop(got_), PopStatus::Ok);
  memory_.layout().tail.store(32);
  // What was published before is whole; then the tail is behind it.
  ASSERT_EQ(consumer_.try_pop(got_), PopStatus::Ok);
  ASSERT_EQ(consumer_.try_pop(got_), PopStatus::Ok);
  expect_corrupt();
}

TEST_F(HostileProducer, IsFoundWhenMoreIsPendingThanTheRingHolds) {
  memory_.layout().tail.store(kHostileCapacity + 8);
  expect_corrupt();
  memory_.layout().tail.store(~std::uint64_t{0} - 7);
  expect_corrupt();
}

TEST_F(HostileProducer, IsFoundWhenItsTailIsNotAligned) {
  memory_.layout().tail.store(12);
  expect_corrupt();
}

TEST_F(HostileProducer, IsFoundWhenALengthIsPastTheLimit) {
  SpscRingProducer producer{memory_.region()};
  ASSERT_TRUE(producer.try_push(std::vector<std::byte>(kHostileMaxMessage + 1)));
  expect_corrupt();
}

TEST_F(HostileProducer, IsFoundWhenALengthReachesBeyondWhatIsPending) {
  push(12);
  write_length(0, 13);
  expect_corrupt();
  write_length(0, 0xFFFFFFFF);
  expect_corrupt();
}

TEST_F(HostileProducer, CannotMoveTheConsumerByWritingItsHead) {
  push(12);
  push(20);
  memory_.layout().head.store(4096);
  ASSERT_EQ(consumer_.try_pop(got_), PopStatus::Ok);
  EXPECT_EQ(got_.size(), 12U);
  ASSERT_EQ(consumer_.try_pop(got_), PopStatus::Ok);
  EXPECT_EQ(got_.size(), 20U);
}

TEST_F(HostileProducer, CannotMakeTheConsumerLeaveTheRing) {
  std::mt19937_64 random{99};
  std::array<int, 3> seen{};
  for (int round = 0; round < 30'000; ++round) {
    RingMemory memory{64};
    SpscRingProducer producer{memory.region()};
    SpscRingConsumer consumer{memory.region(), 40};
    for (int step = 0; step < 12; ++step) {
      const std::vector<std::byte> message(random() % 40);
      switch (random() % 8) {
        case 0:
          memory.layout().tail.store(random() % 256);
          break;
        case 1:
          memory.layout().tail.store(random());
          break;
        case 2:
          memory.layout().head.store(random() % 256);
          break;
        case 3:
          memory.data()[random() % 64] = static_cast<std::byte>(random());
          break;
        default:
          (void)producer.try_push(message);
      }
      ASSERT_LE(producer.depth_bytes(), producer.capacity_bytes());
      const PopStatus popped = consumer.try_pop(got_);
      ++seen[static_cast<std::size_t>(popped)];
      if (popped == PopStatus::Ok) {
        ASSERT_LE(got_.size(), 40U);
      }
      if (popped == PopStatus::Corrupt) break;
    }
  }
  for (const int count : seen) EXPECT_GT(count, 1000);
}

TEST(HostileConsumer, LeavesNoRoomInsteadOfMakingTheProducerOverwrite) {
  for (const std::uint64_t head : {std::uint64_t{1} << 20, ~std::uint64_t{0}, std::uint64_t{264}}) {
    RingMemory memory{256};
    SpscRingProducer producer{memory.region()};
    memory.layout().head.store(head);
    int pushed = 0;
    while (pushed < 1000 && producer.try_push(std::vector<std::byte>(12))) ++pushed;
    EXPECT_EQ(pushed, 256 / 16) << "head " << head;
    EXPECT_LE(producer.depth_bytes(), producer.capacity_bytes());
  }
}

}  // namespace
}  // namespace bulkhead::ipc
