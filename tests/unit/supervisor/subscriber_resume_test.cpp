// What a client that comes back is told.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/subscriber_fixture.hpp"

namespace bulkhead::supervisor {
namespace {

using nlohmann::json;

class SubscriberResumeTest : public SubscriberFixture {};

TEST_F(SubscriberResumeTest, MoreAlertsThanAnOutboxHoldsComeAsTheyAreTakenEachOnceAndInOrder) {
  constexpr std::size_t kCameras = 5;
  constexpr std::size_t kOfEach = limits::kHistoryAlerts - 1;  // and a live one
  constexpr std::size_t kAll = kCameras * kOfEach;
  static_assert(kAll > limits::kOutboxMessages);
  Subscriber::Resume resume;
  for (std::size_t camera = 0; camera < kCameras; ++camera) {
    const std::string name = "cam-" + std::to_string(camera);
    for (std::size_t i = 0; i < kOfEach; ++i) publish_alert(name, true);
    resume[SubscriptionId::parse(name).value()] = {};
  }
  Subscriber one = subscriber();
  EXPECT_EQ(one.open({}, {}, resume)->replayed, kAll);
  EXPECT_EQ(one.end_overflowed(), 0U);
  std::map<std::string, std::vector<Sequence>> told;
  const auto take_all = [&] {
    bool any = false;
    while (const auto out = one.next(monotonic_ns())) {
      any = true;
      const json params = text_of(*out)["params"];
      told[params["session"]].push_back(params["sequence"]);
    }
    one.written(kNsPerMs);
    return any;
  };
  take_all();
  for (std::size_t camera = 0; camera < kCameras; ++camera) {
    publish_alert("cam-" + std::to_string(camera), false);  // live, and comes last
  }
  while (take_all()) {
  }
  ASSERT_EQ(told.size(), kCameras);
  for (const auto& [name, numbers] : told) {
    ASSERT_EQ(numbers.size(), kOfEach + 1) << name;
    for (std::size_t i = 0; i < numbers.size(); ++i) ASSERT_EQ(numbers[i], i + 1) << name;
  }
  publish_alert("cam-0", true);
  EXPECT_EQ(text_of(*one.next(monotonic_ns()))["params"]["sequence"], kOfEach + 2)
      << "and from then on as it happens";
}

TEST_F(SubscriberResumeTest, WhoResumesFromTheLastWordGetsEachAlertOnce) {
  publish_alert("old", true);
  Subscriber one = subscriber();
  ASSERT_TRUE(one.open({}));
  publish_alert("read", true);
  (void)one.next(monotonic_ns());
  publish_alert("read", false);   // not read
  publish_alert("silent", true);  // of a session of which it has read nothing
  publish_alert("old", false);
  one.close_streams("slow_consumer");
  const json last = text_of(*one.next(monotonic_ns()))["params"];
  publish_alert("late", true);  // it comes while the client is away
  Subscriber::Resume resume;
  for (const json& at : last["resumeFrom"]) {
    ResumePoint& point = resume[SubscriptionId::parse(at["session"].get<std::string>()).value()];
    point.result = {at["generation"], at["sequence"]};
    if (at.contains("alert")) {
      point.alert = {at["alert"]["generation"], at["alert"]["sequence"]};
    }
  }
  Subscriber again = subscriber();
  ASSERT_TRUE(again.open({}, {}, resume));
  std::vector<std::string> told;
  while (const auto out = again.next(monotonic_ns())) {
    const json params = text_of(*out)["params"];
    told.push_back(params["session"].get<std::string>() + " " +
                   std::to_string(params["sequence"].get<Sequence>()));
  }
  std::ranges::sort(told);
  EXPECT_EQ(told, (std::vector<std::string>{"old 2", "read 2", "silent 1"}));
}

TEST_F(SubscriberResumeTest, AStreamThatResumesBeginsWithWhatCameSinceAndGoesOnLive) {
  for (int i = 0; i < 5; ++i) publish();
  const ResultPosition has{sample_.generation, sample_.sequence - 3};
  Subscriber one = subscriber();
  const auto opened = one.open({}, {}, {{sample_.session, {.result = has}}});
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->replayed, 3U);
  publish();
  for (Sequence expected = has.sequence + 1; expected <= sample_.sequence; ++expected) {
    const auto out = one.next(monotonic_ns());
    ASSERT_TRUE(out);
    EXPECT_EQ(text_of(*out)["params"]["sequence"], expected);
  }
  EXPECT_FALSE(one.next(monotonic_ns()));
}

TEST_F(SubscriberResumeTest, WhatAResumedStreamCannotHoldIsAGapBeforeIt) {
  for (int i = 0; i < 5; ++i) publish();
  Subscriber one = subscriber({.outbox = {.messages = 3}});
  const ResultPosition has{sample_.generation, sample_.sequence - 4};
  EXPECT_EQ(one.open({}, {}, {{sample_.session, {.result = has}}})->replayed, 2U);
  const json gap = text_of(*one.next(monotonic_ns()))["params"];
  EXPECT_EQ(gap["reason"], "history");
  EXPECT_EQ(gap["fromSequence"], sample_.sequence - 3);
  EXPECT_EQ(gap["toSequence"], sample_.sequence - 2);
  EXPECT_EQ(text_of(*one.next(monotonic_ns()))["params"]["sequence"], sample_.sequence - 1);
}

TEST_F(SubscriberResumeTest, WhatIsCriticalIsReplayedByItsNumberAndEachOnce) {
  const auto alert = [&](bool active) { publish_alert(sample_.session.text(), active); };
  alert(true);
  alert(false);
  alert(true);
  Subscriber one = subscriber();
  const ResumePoint has{.alert = {3, 1}};
  ASSERT_EQ(one.open({}, {}, {{sample_.session, has}})->replayed, 2U);
  alert(false);
  for (const Sequence number : {2U, 3U, 4U}) {
    const json message = text_of(*one.next(monotonic_ns()));
    EXPECT_EQ(message["method"], "system.alert");
    EXPECT_EQ(message["params"]["sequence"], number);
    EXPECT_EQ(message["params"]["active"], number == 3);
  }
  EXPECT_FALSE(one.next(monotonic_ns()));
}

}  // namespace
}  // namespace bulkhead::supervisor
