#include "ipc/spsc_ring.hpp"

#include <gtest/gtest.h>

#include <random>
#include <thread>
#include <vector>

#include "tests/unit/ipc/ring_memory.hpp"

namespace bulkhead::ipc {
namespace {

constexpr std::size_t kCapacity = 256;
constexpr std::size_t kMaxMessage = 200;

std::vector<std::byte> message_of(std::size_t size, unsigned seed) {
  std::vector<std::byte> message(size);
  for (std::size_t i = 0; i < size; ++i) message[i] = static_cast<std::byte>(seed + i);
  return message;
}

class SpscRing : public ::testing::Test {
 protected:
  RingMemory memory_{kCapacity};
  SpscRingProducer producer_{memory_.region()};
  SpscRingConsumer consumer_{memory_.region(), kMaxMessage};
  std::vector<std::byte> got_;
};

TEST_F(SpscRing, IsEmptyWhenItsMemoryIsZero) {
  EXPECT_TRUE(consumer_.empty());
  EXPECT_EQ(consumer_.try_pop(got_), PopStatus::Empty);
  EXPECT_EQ(producer_.depth_bytes(), 0U);
  EXPECT_EQ(producer_.capacity_bytes(), kCapacity);
}

TEST_F(SpscRing, GivesMessagesInTheOrderTheyWerePushed) {
  ASSERT_TRUE(producer_.try_push(message_of(5, 1)));
  ASSERT_TRUE(producer_.try_push(message_of(0, 2)));
  ASSERT_TRUE(producer_.try_push(message_of(17, 3)));
  EXPECT_FALSE(consumer_.empty());
  for (const auto& [size, seed] : {std::pair{5, 1}, std::pair{0, 2}, std::pair{17, 3}}) {
    ASSERT_EQ(consumer_.try_pop(got_), PopStatus::Ok);
    EXPECT_EQ(got_, message_of(static_cast<std::size_t>(size), static_cast<unsigned>(seed)));
  }
  EXPECT_EQ(consumer_.try_pop(got_), PopStatus::Empty);
}

TEST_F(SpscRing, IsCarriedOnByOthersFromTheirPositions) {
  for (unsigned i = 0; i < 1'000; ++i) {
    SpscRingProducer producer{memory_.region(), producer_.position()};
    SpscRingConsumer consumer{memory_.region(), kMaxMessage, consumer_.position()};
    std::vector<std::vector<std::byte>> waiting;
    // Filled to the brim by turns: nothing that waits is written over.
    for (unsigned seed = i; producer.try_push(message_of(i % 50 + 1, seed)); ++seed) {
      waiting.push_back(message_of(i % 50 + 1, seed));
      ASSERT_FALSE(SpscRingProducer(memory_.region(), producer.position())
                       .try_push(message_of(kCapacity - 4, 0)));
    }
    ASSERT_FALSE(waiting.empty());
    for (const auto& message : waiting) {
      ASSERT_EQ(consumer.try_pop(got_), PopStatus::Ok);
      ASSERT_EQ(got_, message);
    }
    ASSERT_EQ(consumer.try_pop(got_), PopStatus::Empty);
    producer_ = producer;
    consumer_ = consumer;
  }
}

TEST_F(SpscRing, KeepsEveryMessageWholeAcrossItsEnd) {
  // Sizes that are prime to the capacity, so that every split of a message is met.
  for (unsigned i = 0; i < 5'000; ++i) {
    const auto message = message_of(i % (kMaxMessage + 1), i);
    ASSERT_TRUE(producer_.try_push(message));
    ASSERT_EQ(consumer_.try_pop(got_), PopStatus::Ok);
    ASSERT_EQ(got_, message) << "message " << i;
  }
}

TEST_F(SpscRing, RefusesWhatDoesNotFitAndTakesItOnceThereIsRoom) {
  const auto message = message_of(28, 1);  // 32 bytes with its length
  for (std::size_t i = 0; i < kCapacity / 32; ++i) ASSERT_TRUE(producer_.try_push(message));
  EXPECT_EQ(producer_.depth_bytes(), kCapacity);
  EXPECT_FALSE(producer_.try_push({}));
  ASSERT_EQ(consumer_.try_pop(got_), PopStatus::Ok);
  EXPECT_FALSE(producer_.try_push(message_of(29, 1)));
  EXPECT_TRUE(producer_.try_push(message));
}

TEST_F(SpscRing, TakesAMessageAsLargeAsItself) {
  SpscRingConsumer consumer{memory_.region(), kCapacity};
  const auto message = message_of(kCapacity - sizeof(std::uint32_t), 9);
  ASSERT_TRUE(producer_.try_push(message));
  ASSERT_EQ(consumer.try_pop(got_), PopStatus::Ok);
  EXPECT_EQ(got_, message);
}

TEST_F(SpscRing, CarriesAStreamBetweenTwoThreads) {
  constexpr unsigned kMessages = 200'000;
  std::jthread pushing{[this] {
    std::mt19937 random{1};
    for (unsigned i = 0; i < kMessages; ++i) {
      const auto message = message_of(random() % 60, i);
      while (!producer_.try_push(message)) std::this_thread::yield();
    }
  }};
  std::mt19937 random{1};
  for (unsigned i = 0; i < kMessages; ++i) {
    PopStatus popped = PopStatus::Empty;
    while ((popped = consumer_.try_pop(got_)) == PopStatus::Empty) std::this_thread::yield();
    ASSERT_EQ(popped, PopStatus::Ok);
    ASSERT_EQ(got_, message_of(random() % 60, i)) << "message " << i;
  }
}

}  // namespace
}  // namespace bulkhead::ipc
