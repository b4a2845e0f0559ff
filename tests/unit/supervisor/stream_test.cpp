#include "supervisor/stream/stream.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.hpp"

namespace bulkhead::supervisor {
namespace {

using ipc::PriorityClass;

constexpr std::int64_t kStart = 1'000'000'000'000;

OutboxItem message(PriorityClass priority, std::int64_t at_ns = kStart) {
  return {.priority = priority,
          .payload = std::make_shared<const Message>(
              Message{.method = "detection", .params_tail = "\"v\":1}}"}),
          .session = nullptr,
          .at_ns = at_ns};
}

TEST(StreamTest, WakesItsOwnerOnceUntilDrained) {
  int woken = 0;
  Stream stream{"s1", {}, [&] { ++woken; }};
  stream.offer(message(PriorityClass::Important));
  stream.offer(message(PriorityClass::Important));
  EXPECT_EQ(woken, 1);
  while (stream.take(kStart)) {
  }
  stream.offer(message(PriorityClass::Important));
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
  stream.offer(message(PriorityClass::Control));
  EXPECT_FALSE(stream.overflowed());
  stream.offer(message(PriorityClass::Control));
  stream.offer(message(PriorityClass::Control));
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

std::vector<std::string_view> told(Stream& stream) {
  std::vector<std::string_view> names;
  for (const auto& change : stream.take_status_changes()) names.push_back(name_of(change.to));
  return names;
}

using Names = std::vector<std::string_view>;

TEST(StreamTest, ItsStatusFollowsItsOutbox) {
  Stream stream{"s1", {}, [] {}, {.messages = 10}};
  for (int i = 0; i < 6; ++i) stream.offer(message(PriorityClass::Important));
  EXPECT_EQ(told(stream), Names{});
  stream.offer(message(PriorityClass::Important));
  EXPECT_EQ(told(stream), Names{"BACKPRESSURE"});
  while (stream.take(kStart)) {
  }
  stream.written(kNsPerMs);
  EXPECT_EQ(told(stream), Names{"CONNECTED"});
}

TEST(StreamTest, ASlowConsumerIsThrottledToHalfOfWhatItWasOffered) {
  Stream stream{"s1", {}, [] {}};
  const auto offer_a_second_of = [&](int second, int count) {
    for (int i = 0; i < count; ++i) {
      stream.offer(message(PriorityClass::Important,
                           kStart + second * kNsPerSecond + i * kNsPerSecond / count));
    }
  };
  offer_a_second_of(0, 20);
  stream.throttle(kStart + kNsPerSecond);
  EXPECT_EQ(told(stream), (Names{"SLOW_CONSUMER", "THROTTLED"}));
  EXPECT_DOUBLE_EQ(stream.rate_limit(), 10);
  while (stream.take(kStart)) {
  }
  offer_a_second_of(1, 20);
  EXPECT_EQ(stream.outbox().messages(), 10U);
  const auto gaps = stream.take_gaps();
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0].reason, GapReason::RateLimit);
  EXPECT_EQ(gaps[0].count, 10U);

  stream.recover();
  EXPECT_EQ(told(stream), Names{"CONNECTED"});
  EXPECT_EQ(stream.rate_limit(), 0);
}

TEST(StreamTest, ARateOfItsOwnThinsDetectionsEvenlyAndNothingElse) {
  Stream stream{"s1", {}, [] {}, {}, {.max_rate = 5}};
  for (int i = 0; i < 25; ++i) {
    stream.offer(message(PriorityClass::Important, kStart + i * kNsPerSecond / 25));
    stream.offer(message(PriorityClass::Critical, kStart + i * kNsPerSecond / 25));
  }
  EXPECT_EQ(stream.outbox().messages(PriorityClass::Important), 5U);
  EXPECT_EQ(stream.outbox().messages(PriorityClass::Critical), 25U);
}

OutboxItem result_of(const std::string& name, std::int64_t at_ns) {
  OutboxItem result = message(PriorityClass::Important, at_ns);
  result.session = std::make_shared<const SubscriptionId>(SubscriptionId::parse(name).value());
  return result;
}

/// How many pass of each of some cameras that all have a frame in the same moments.
std::map<std::string, int> passed_in_phase(Stream& stream, int cameras, int fps, int seconds) {
  std::map<std::string, int> passed;
  for (int frame = 0; frame < fps * seconds; ++frame) {
    for (int camera = 0; camera < cameras; ++camera) {
      stream.offer(result_of("cam-" + std::to_string(camera), kStart + frame * kNsPerSecond / fps));
    }
    while (const auto taken = stream.take(kStart)) ++passed[taken->session->text()];
  }
  return passed;
}

TEST(StreamTest, CamerasInPhaseShareARateEvenlyAndHaveAllOfIt) {
  Stream stream{"s1", {}, [] {}, {}, {.max_rate = 20}};
  const auto passed = passed_in_phase(stream, 10, 10, 10);
  ASSERT_EQ(passed.size(), 10U);
  for (const auto& [camera, count] : passed) {
    EXPECT_GE(count, 18) << camera;
    EXPECT_LE(count, 24) << camera;
  }
}

TEST(StreamTest, WhereTheRateIsLessThanAFrameOfEachTheyHaveTurns) {
  Stream stream{"s1", {}, [] {}, {}, {.max_rate = 2}};
  const auto passed = passed_in_phase(stream, 10, 1, 100);
  ASSERT_EQ(passed.size(), 10U);
  for (const auto& [camera, count] : passed) {
    EXPECT_GE(count, 17) << camera;
    EXPECT_LE(count, 23) << camera;
  }
}

TEST(StreamTest, WhatAQuietCameraLeavesOfARateABusyOneHas) {
  Stream stream{"s1", {}, [] {}, {}, {.max_rate = 10}};
  std::map<std::string, int> passed;
  for (int frame = 0; frame < 250; ++frame) {
    const std::int64_t at_ns = kStart + frame * kNsPerSecond / 25;
    if (frame % 25 == 0) stream.offer(result_of("quiet", at_ns));
    stream.offer(result_of("busy", at_ns));
  }
  while (const auto taken = stream.take(kStart)) ++passed[taken->session->text()];
  EXPECT_EQ(passed["quiet"], 10);
  EXPECT_GE(passed["busy"], 70) << "its share alone is 50";
}

TEST(StreamTest, WhatIsReplayedIsNotHeldBackByItsRate) {
  Stream stream{"s1", {}, [] {}, {}, {.max_rate = 1}};
  for (int i = 0; i < 10; ++i) stream.replay(message(PriorityClass::Important));
  EXPECT_EQ(stream.outbox().messages(), 10U);
  stream.offer(message(PriorityClass::Important));
  EXPECT_EQ(stream.outbox().messages(), 11U) << "and costs nothing of it";
}

TEST(StreamTest, WhatItsRateRefusesWakesNobodyAndWhatPassesAfterItDoes) {
  int woken = 0;
  Stream stream{"s1", {}, [&] { ++woken; }, {}, {.max_rate = 1}};
  stream.offer(message(PriorityClass::Important));
  EXPECT_EQ(woken, 1);
  while (stream.take(kStart)) {
  }
  stream.offer(message(PriorityClass::Important));
  stream.offer(message(PriorityClass::Important));
  EXPECT_EQ(woken, 1) << "a gap for each would be no limit";
  stream.offer(message(PriorityClass::Control));
  EXPECT_EQ(woken, 2) << "and the gap is told with this one";
  EXPECT_EQ(stream.take_gaps().at(0).count, 2U);
}

TEST(StreamTest, ItKnowsWhereItsClientCanResume) {
  const auto cam = std::make_shared<const SubscriptionId>(SubscriptionId::parse("cam").value());
  const auto silent = std::make_shared<const SubscriptionId>(SubscriptionId::parse("b").value());
  Stream stream{"s1", {}, [] {}};
  stream.cursor().begin(cam, {.result = {4, 0}, .alert = {3, 9}});
  stream.cursor().begin(silent, {.result = {1, 5}, .alert = {1, 2}});
  for (const Sequence sequence : {1U, 2U, 3U}) {
    for (const PriorityClass priority : {PriorityClass::Important, PriorityClass::Critical}) {
      OutboxItem told = message(priority);
      told.session = cam;
      told.generation = 4;
      told.sequence = sequence;
      stream.offer(told);
    }
  }
  for (int i = 0; i < 5; ++i) (void)stream.take(kStart);
  const auto& positions = stream.cursor().positions();
  ASSERT_EQ(positions.size(), 2U);
  EXPECT_EQ(positions.at(cam), (ResumePoint{.result = {4, 2}, .alert = {4, 3}}));
  EXPECT_EQ(positions.at(silent), (ResumePoint{.result = {1, 5}, .alert = {1, 2}}));
  stream.cursor().forget(cam);
  (void)stream.take(kStart);
  EXPECT_EQ(positions.size(), 1U) << "there are no more than the hub knows";
}

TEST(StreamTest, WhatWasTakenIsHeldUntilItHasLeft) {
  Stream stream{"s1", {}, [] {}};
  stream.offer(message(PriorityClass::Important));
  const std::size_t bytes = stream.held_bytes();
  EXPECT_GT(bytes, 0U);
  (void)stream.take(kStart);
  EXPECT_EQ(stream.outbox().bytes(), 0U);
  EXPECT_EQ(stream.held_bytes(), bytes);
  stream.written(kNsPerMs);
  EXPECT_EQ(stream.held_bytes(), 0U);
}

TEST(StreamTest, ClosedIsItsLastWord) {
  Stream stream{"s1", {}, [] {}};
  stream.close("overflow");
  stream.throttle(kStart);
  stream.recover();
  EXPECT_EQ(told(stream), Names{"CLOSED"});
}

}  // namespace
}  // namespace bulkhead::supervisor
