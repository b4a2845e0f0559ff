#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/subscriber_fixture.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::supervisor {
namespace {

using nlohmann::json;

class SubscriberTest : public SubscriberFixture {};

TEST_F(SubscriberTest, ANotificationNamesItsStreamAndSharesTheRest) {
  Subscriber one = subscriber();
  EXPECT_EQ(one.open({})->id, "s1");
  EXPECT_EQ(one.open({})->id, "s2");
  publish();
  const auto first = one.next(monotonic_ns());
  const char* const shared = first->tail.data();
  EXPECT_EQ(text_of(*first)["params"]["streamId"], "s2");
  EXPECT_EQ(text_of(*first)["method"], "detection");
  EXPECT_EQ(text_of(*first)["jsonrpc"], "2.0");
  const auto second = one.next(monotonic_ns());
  EXPECT_EQ(text_of(*second)["params"]["streamId"], "s1");
  EXPECT_EQ(second->tail.data(), shared);
  EXPECT_FALSE(one.next(monotonic_ns()));
}

TEST_F(SubscriberTest, RepliesComeBeforeNotifications) {
  Subscriber one = subscriber();
  ASSERT_TRUE(one.open({}));
  publish();
  one.reply("reply");
  EXPECT_EQ(drain(one), (std::vector<std::string>{"reply", "detection s1"}));
}

TEST_F(SubscriberTest, LinesOfALogComeLastAndAreNotStarved) {
  const test::TempDir folder;
  folder.write("cam.log", "one\n");
  boost::asio::io_context loop;
  const auto logs = std::make_shared<LogFolder>(loop, folder.path());
  Subscriber one = subscriber();
  ASSERT_TRUE(one.open({}));
  ASSERT_EQ(one.tails().open(logs, {.session = "cam", .name = "cam.log", .lines = 1}).value(),
            "t1");
  loop.run();
  EXPECT_EQ(woken_, 1);
  for (int i = 0; i < 40; ++i) publish();
  std::vector<std::string> methods;
  while (auto out = one.next(monotonic_ns())) methods.push_back(text_of(*out)["method"]);
  ASSERT_EQ(methods.size(), 41U);
  EXPECT_EQ(methods[31], "log.line") << "every second of the turns that any class has";

  ASSERT_TRUE(one.tails().open(logs, {.session = "cam", .name = "cam.log", .lines = 1}));
  loop.restart();
  loop.run();
  publish();
  one.reply("{}");
  EXPECT_EQ(one.next(monotonic_ns())->head, "{}");
  EXPECT_EQ(text_of(*one.next(monotonic_ns()))["method"], "detection");
  EXPECT_EQ(text_of(*one.next(monotonic_ns()))["method"], "log.line");
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
    const auto out = one.next(monotonic_ns());
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
  EXPECT_EQ(text_of(*one.next(monotonic_ns()))["method"], "stream.status");
  const json gap = text_of(*one.next(monotonic_ns()));
  EXPECT_EQ(gap["method"], "stream.gap");
  EXPECT_EQ(gap["params"]["streamId"], "s1");
  EXPECT_EQ(gap["params"]["fromSequence"], 1842);
  EXPECT_EQ(gap["params"]["reason"], "slow_client");
  EXPECT_EQ(text_of(*one.next(monotonic_ns()))["params"]["sequence"], 1843);
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

TEST_F(SubscriberTest, AStreamThatOverflowsEndsAloneAndIsToldWhereToResume) {
  Subscriber one = subscriber({.outbox = {.control_messages = 1, .control_sessions = 1}});
  ASSERT_TRUE(one.open({}));
  ASSERT_TRUE(one.open({.states = false}));
  publish();
  for (const auto* name : {"a", "b", "c"}) publish_state(name);
  EXPECT_EQ(one.end_overflowed(), 1U);
  EXPECT_EQ(one.end_overflowed(), 0U);
  EXPECT_FALSE(one.overflowed());
  EXPECT_EQ(hub_.streams(), 1U);
  EXPECT_EQ(one.close("s1").error().code, ErrorCode::NotFound);
  const json last = text_of(*one.next(monotonic_ns()))["params"];
  EXPECT_EQ(last["streamId"], "s1");
  EXPECT_EQ(last["to"], "CLOSED");
  EXPECT_EQ(last["reason"], "overflow");
  EXPECT_EQ(last["resumeFrom"].size(), 4U) << "of each session";
  EXPECT_EQ(drain(one), (std::vector<std::string>{"detection s2"}));
}

TEST_F(SubscriberTest, LastWordsThatAreNotReadOverflowAsRepliesDo) {
  Subscriber one = subscriber({.reply_bytes = 100, .outbox = {}});
  ASSERT_TRUE(one.open({}));
  one.close_streams("overflow");
  EXPECT_TRUE(one.overflowed());
  (void)one.next(monotonic_ns());
  EXPECT_FALSE(one.overflowed());
}

TEST_F(SubscriberTest, NothingOfAStreamComesAfterItsLastWordHoweverManyRepliesWait) {
  Subscriber one = subscriber();
  ASSERT_TRUE(one.open({}));
  for (int i = 0; i < 40; ++i) {
    publish();
    one.reply("reply");
  }
  one.close_streams("slow_consumer");
  const auto told = drain(one);
  EXPECT_EQ(std::ranges::count(told, "detection s1"), 0);
  EXPECT_EQ(std::ranges::count(told, "stream.status s1"), 1);
}

TEST_F(SubscriberTest, AnEvenNumberOfBusyStreamsDoesNotKeepALowerOneFromItsTurn) {
  Subscriber one = subscriber();
  ASSERT_TRUE(one.open({}));
  ASSERT_TRUE(one.open({}));
  ASSERT_TRUE(one.open({.objects = {.labels = {"bird"}}}));  // its frames are empty: BULK
  int bulk = 0;
  for (int i = 0; i < 320; ++i) {
    publish();
    bulk += text_of(*one.next(monotonic_ns()))["params"]["streamId"] == "s3" ? 1 : 0;
  }
  EXPECT_GE(bulk, 5);
}

TEST_F(SubscriberTest, LeavingEndsAllStreamsAndSaysNothingMore) {
  Subscriber one = subscriber();
  ASSERT_TRUE(one.open({}));
  publish();
  one.reply("reply");
  one.leave();
  EXPECT_FALSE(one.next(monotonic_ns()));
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

TEST_F(SubscriberTest, ASlowOneIsToldThatItIsThrottledAndAtLastWhereToResume) {
  Subscriber one = subscriber();
  ASSERT_TRUE(one.open({}));
  publish();
  (void)one.next(monotonic_ns());
  one.throttle(monotonic_ns());
  std::vector<std::string> told;
  while (const auto out = one.next(monotonic_ns())) {
    const json message = text_of(*out);
    EXPECT_EQ(message["method"], "stream.status");
    told.push_back(message["params"]["to"]);
  }
  EXPECT_EQ(told, (std::vector<std::string>{"SLOW_CONSUMER", "THROTTLED"}));
  one.close_streams("slow_consumer");
  EXPECT_TRUE(one.has_notices());
  const json last = text_of(*one.next(monotonic_ns()))["params"];
  EXPECT_EQ(last["to"], "CLOSED");
  EXPECT_EQ(last["resumeFrom"][0]["sequence"], sample_.sequence);
}

}  // namespace
}  // namespace bulkhead::supervisor
