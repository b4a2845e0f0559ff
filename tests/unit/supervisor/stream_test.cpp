#include "supervisor/stream/stream.hpp"

#include <gtest/gtest.h>

namespace bulkhead::supervisor {
namespace {

using ipc::PriorityClass;

OutboxItem item(PriorityClass priority) {
  return {.priority = priority,
          .payload = std::make_shared<const Message>(
              Message{.method = "detection", .params_tail = "\"v\":1}}"}),
          .session = nullptr};
}

TEST(StreamTest, WakesItsOwnerOnceUntilDrained) {
  int woken = 0;
  Stream stream{"s1", {}, [&] { ++woken; }};
  stream.offer(item(PriorityClass::Important));
  stream.offer(item(PriorityClass::Important));
  EXPECT_EQ(woken, 1);
  while (stream.outbox().take()) {
  }
  stream.offer(item(PriorityClass::Important));
  EXPECT_EQ(woken, 2);
  EXPECT_EQ(stream.offered_total(), 3U);
}

TEST(StreamTest, AGapAloneWakesItsOwner) {
  int woken = 0;
  Stream stream{"s1", {}, [&] { ++woken; }};
  stream.offer_gap({.session = nullptr, .count = 1});
  EXPECT_EQ(woken, 1);
}

TEST(StreamTest, AnOverflowWakesOnceMoreAndIsRemembered) {
  int woken = 0;
  Stream stream{"s1", {}, [&] { ++woken; }, {.control_messages = 1}};
  stream.offer(item(PriorityClass::Control));
  EXPECT_FALSE(stream.overflowed());
  stream.offer(item(PriorityClass::Control));
  stream.offer(item(PriorityClass::Control));
  EXPECT_TRUE(stream.overflowed());
  EXPECT_EQ(woken, 2);
}

TEST(StreamTest, AnEmptySetOfSessionsMeansAll) {
  const auto cam = SubscriptionId::parse("cam").value();
  const auto other = SubscriptionId::parse("other").value();
  const Stream all{"s1", {}, [] {}};
  EXPECT_TRUE(all.wants_session(cam));
  StreamFilter filter;
  filter.sessions.insert(cam);
  const Stream one{"s2", filter, [] {}};
  EXPECT_TRUE(one.wants_session(cam));
  EXPECT_FALSE(one.wants_session(other));
}

}  // namespace
}  // namespace bulkhead::supervisor
