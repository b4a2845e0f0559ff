#include "ipc/doorbell.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <utility>

namespace bulkhead::ipc {
namespace {

bool readable(int fd) {
  pollfd waited{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&waited, 1, 0) == 1;
}

class DoorbellTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto pair = Doorbell::create_pair();
    ASSERT_TRUE(pair);
    ends_ = std::move(*pair);
  }
  Doorbell consumer() { return Doorbell{&sleeping_, ends_.first.get()}; }
  Doorbell producer() { return Doorbell{&sleeping_, ends_.second.get()}; }

  std::atomic<std::uint32_t> sleeping_ = 0;
  std::pair<UniqueFd, UniqueFd> ends_;
};

TEST_F(DoorbellTest, IsSilentWhileTheConsumerIsAwake) {
  producer().ring();
  EXPECT_FALSE(readable(consumer().fd()));
}

TEST_F(DoorbellTest, WakesASleepingConsumerOnce) {
  ASSERT_TRUE(consumer().prepare_sleep([] { return false; }));
  producer().ring();
  producer().ring();
  EXPECT_TRUE(readable(consumer().fd()));
  consumer().clear();
  EXPECT_FALSE(readable(consumer().fd()));
}

TEST_F(DoorbellTest, DoesNotLetAConsumerSleepBesideWork) {
  EXPECT_FALSE(consumer().prepare_sleep([] { return true; }));
  producer().ring();
  EXPECT_FALSE(readable(consumer().fd()));
}

TEST_F(DoorbellTest, IsSilentAfterTheConsumerGaveUpWaiting) {
  ASSERT_TRUE(consumer().prepare_sleep([] { return false; }));
  consumer().clear();
  producer().ring();
  EXPECT_FALSE(readable(consumer().fd()));
}

TEST_F(DoorbellTest, DoesNotBlockWhenNobodyTakesTheKnocks) {
  for (int i = 0; i < 10'000; ++i) {
    sleeping_.store(1);
    producer().ring();
  }
  EXPECT_TRUE(readable(consumer().fd()));
}

TEST_F(DoorbellTest, SurvivesAPeerThatIsGone) {
  ends_.first.reset();
  sleeping_.store(1);
  producer().ring();
  producer().clear();
  // A closed peer must not look like an endless stream of knocks.
  EXPECT_FALSE(readable(producer().fd()));
}

TEST_F(DoorbellTest, DoesNotShareItsFlagsWithThePeer) {
  // What a hostile worker would try: an eventfd's O_NONBLOCK belongs to both who hold it.
  ASSERT_EQ(::fcntl(ends_.second.get(), F_SETFL, 0), 0);
  for (int i = 0; i < 1'000; ++i) {
    sleeping_.store(1);
    consumer().ring();
    consumer().clear();
  }
}

}  // namespace
}  // namespace bulkhead::ipc
