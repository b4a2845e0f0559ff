#include "supervisor/control/subscriber.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/result_events.hpp"

namespace bulkhead::supervisor {
namespace {

using nlohmann::json;
using testing::car;
using testing::SampleResult;

class SubscriberTest : public ::testing::Test {
 protected:
  SubscriberTest() { sample_.detection.objects = {car(0.9F)}; }

  Subscriber subscriber(ControlLimits limits = {}) {
    return Subscriber{hub_, limits, [this] { ++woken_; }};
  }

  void publish(const std::string& name = "cam") {
    sample_.session = SubscriptionId::parse(name).value();
    ++sample_.sequence;
    hub_.publish(sample_.event());
  }

  static json text_of(const Outgoing& out) {
    return json::parse(out.head + (out.payload ? out.payload->params_tail : ""));
  }

  /// Everything there is to send, in order, by method and stream; replies as they are.
  static std::vector<std::string> drain(Subscriber& subscriber) {
    std::vector<std::string> told;
    while (auto out = subscriber.next()) {
      if (!out->payload && !out->head.starts_with('{')) {
        told.push_back(out->head);
        continue;
      }
      const json message = text_of(*out);
      told.push_back(message["method"].get<std::string>() + " " +
                     message["params"]["streamId"].get<std::string>());
    }
    return told;
  }

  int woken_ = 0;
  Hub hub_;
  SampleResult sample_;
};

TEST_F(SubscriberTest, ANotificationNamesItsStreamAndSharesTheRest) {
  Subscriber one = subscriber();
  EXPECT_EQ(one.open({})->id, "s1");
  EXPECT_EQ(one.open({})->id, "s2");
  publish();
  const auto first = one.next();
  const auto second = one.next();
  EXPECT_EQ(first->payload, second->payload);
  EXPECT_EQ(text_of(*first)["params"]["streamId"], "s2");
  EXPECT_EQ(text_of(*second)["params"]["streamId"], "s1");
  EXPECT_EQ(text_of(*first)["method"], "detection");
  EXPECT_EQ(text_of(*first)["jsonrpc"], "2.0");
  EXPECT_FALSE(one.next());
}

TEST_F(SubscriberTest, RepliesComeBeforeNotifications) {
  Subscriber one = subscriber();
  ASSERT_TRUE(one.open({}));
  publish();
  one.reply("reply");
  EXPECT_EQ(drain(one), (std::vector<std::string>{"reply", "detection s1"}));
}

TEST_F(SubscriberTest, ManyRepliesDoNotStarveTheStreams) {
  Subscriber one = subscriber();
  ASSERT_TRUE(one.open({}));
  publish();
  for (int i = 0; i < 40; ++i) one.reply("reply");
  const auto told = drain(one);
  const auto detection = std::find(told.begin(), told.end(), "detection s1") - told.begin();
  EXPECT_EQ(detection, 15);
}

TEST_F(SubscriberTest, StreamsOfEqualClassTakeTurns) {
  Subscriber one = subscriber();
  ASSERT_TRUE(one.open({}));
  ASSERT_TRUE(one.open({}));
  publish();
  publish();
  EXPECT_EQ(drain(one), (std::vector<std::string>{"detection s2", "detection s1", "detection s2",
                                                  "detection s1"}));
}

TEST_F(SubscriberTest, AStreamUnderAFloodOfImportantOnesDoesNotStarveOneOfBulk) {
  Subscriber one = subscriber();
  ASSERT_TRUE(one.open({}));
  ASSERT_TRUE(one.open({.objects = {.labels = {"bird"}}}));  // its frames are empty: BULK
  int bulk = 0;
  publish();
  for (int i = 0; i < 160; ++i) {
    publish();
    const auto out = one.next();
    bulk += text_of(*out)["params"]["streamId"] == "s2" ? 1 : 0;
  }
  EXPECT_GE(bulk, 4);
  EXPECT_LE(bulk, 10);
}

TEST_F(SubscriberTest, AGapIsToldBeforeTheNextMessageOfItsStream) {
  Subscriber one = subscriber({.outbox = {.messages = 1}});
  ASSERT_TRUE(one.open({}));
  publish();
  publish();
  const json gap = text_of(*one.next());
  EXPECT_EQ(gap["method"], "stream.gap");
  EXPECT_EQ(gap["params"]["streamId"], "s1");
  EXPECT_EQ(gap["params"]["fromSequence"], 1842);
  EXPECT_EQ(gap["params"]["reason"], "slow_client");
  EXPECT_EQ(text_of(*one.next())["params"]["sequence"], 1843);
}

TEST_F(SubscriberTest, StreamsAreLimitedAndAClosedOneMakesPlace) {
  Subscriber one = subscriber({.streams_per_connection = 2, .outbox = {}});
  ASSERT_TRUE(one.open({}));
  ASSERT_TRUE(one.open({}));
  const auto third = one.open({});
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, ErrorCode::LimitReached);
  EXPECT_TRUE(one.close("s1"));
  EXPECT_EQ(one.open({})->id, "s3");
  EXPECT_EQ(one.close("s1").error().code, ErrorCode::NotFound);
  EXPECT_EQ(hub_.streams(), 2U);
}

TEST_F(SubscriberTest, TooManyUnreadRepliesFirstStopReadingAndThenOverflow) {
  Subscriber one = subscriber({.requests_per_connection = 2, .reply_bytes = 100, .outbox = {}});
  one.reply("1");
  EXPECT_FALSE(one.has_many_replies());
  one.reply("2");
  EXPECT_TRUE(one.has_many_replies());
  EXPECT_FALSE(one.overflowed());
  one.reply(std::string(98, 'x'));
  EXPECT_FALSE(one.overflowed());
  one.reply("y");
  EXPECT_TRUE(one.overflowed());
}

TEST_F(SubscriberTest, AnOverflowingStreamOverflowsTheSubscriber) {
  Subscriber one = subscriber({.outbox = {.control_messages = 1}});
  ASSERT_TRUE(one.open({}));
  for (const auto* name : {"a", "b"}) {
    const auto id = SubscriptionId::parse(name).value();
    const std::string text;
    hub_.publish(StateEvent{.session = id,
                            .generation = 1,
                            .from = SessionState::Starting,
                            .to = SessionState::Live,
                            .at_wall_ns = 0,
                            .reason = ErrorCode::None,
                            .text = text,
                            .removed = false});
  }
  EXPECT_TRUE(one.overflowed());
}

TEST_F(SubscriberTest, LeavingEndsAllStreamsAndSaysNothingMore) {
  Subscriber one = subscriber();
  ASSERT_TRUE(one.open({}));
  publish();
  one.reply("reply");
  one.leave();
  EXPECT_FALSE(one.next());
  EXPECT_EQ(hub_.streams(), 0U);
}

TEST_F(SubscriberTest, DestroyingASubscriberEndsItsStreams) {
  {
    Subscriber one = subscriber();
    ASSERT_TRUE(one.open({}));
    EXPECT_EQ(hub_.streams(), 1U);
  }
  EXPECT_EQ(hub_.streams(), 0U);
  publish();
}

TEST_F(SubscriberTest, AStreamThatResumesBeginsWithWhatCameSinceAndGoesOnLive) {
  for (int i = 0; i < 5; ++i) publish();
  const ResultPosition has{sample_.generation, sample_.sequence - 3};
  Subscriber one = subscriber();
  const auto opened = one.open({}, {{sample_.session, has}});
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->replayed, 3U);
  publish();
  for (Sequence expected = has.sequence + 1; expected <= sample_.sequence; ++expected) {
    const auto out = one.next();
    ASSERT_TRUE(out);
    EXPECT_EQ(text_of(*out)["params"]["sequence"], expected);
  }
  EXPECT_FALSE(one.next());
}

TEST_F(SubscriberTest, WhatAResumedStreamCannotHoldIsAGapBeforeIt) {
  for (int i = 0; i < 5; ++i) publish();
  Subscriber one = subscriber({.outbox = {.messages = 2}});
  EXPECT_EQ(one.open({}, {{sample_.session, {sample_.generation, sample_.sequence - 4}}})->replayed,
            2U);
  const json gap = text_of(*one.next())["params"];
  EXPECT_EQ(gap["reason"], "history");
  EXPECT_EQ(gap["fromSequence"], sample_.sequence - 3);
  EXPECT_EQ(gap["toSequence"], sample_.sequence - 2);
  EXPECT_EQ(text_of(*one.next())["params"]["sequence"], sample_.sequence - 1);
}

}  // namespace
}  // namespace bulkhead::supervisor
