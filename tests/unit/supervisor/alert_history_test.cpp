#include "supervisor/hub/alert_history.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace bulkhead::supervisor {
namespace {

class AlertHistoryTest : public ::testing::Test {
 protected:
  Sequence add(Generation generation, std::int64_t now_ns = 1) {
    return history_.add({.session = cam_,
                         .generation = generation,
                         .kind = ipc::AlertKind::DarkPicture,
                         .active = true,
                         .since_wall_ns = 0,
                         .text = text_},
                        now_ns);
  }

  std::vector<Sequence> since(ResultPosition position) const {
    std::vector<Sequence> numbers;
    for (const auto& kept : history_.since(cam_, position).alerts) {
      numbers.push_back(kept.position.sequence);
    }
    return numbers;
  }

  const SubscriptionId cam_ = SubscriptionId::parse("cam").value();
  const std::string text_ = "dark";
  AlertHistory history_;
};

using Numbers = std::vector<Sequence>;

TEST_F(AlertHistoryTest, NumbersBeginAnewWithEachGeneration) {
  EXPECT_EQ(add(1), 1U);
  EXPECT_EQ(add(1), 2U);
  EXPECT_EQ(add(2), 1U);
  EXPECT_EQ(since({1, 1}), (Numbers{2, 1}));
  EXPECT_EQ(since({2, 1}), Numbers{});
  EXPECT_EQ(since({}), (Numbers{1, 2, 1}));
}

TEST_F(AlertHistoryTest, APositionOfAnotherLifeGetsAll) {
  add(1);
  EXPECT_EQ(since({9, 9}), Numbers{1});
}

TEST_F(AlertHistoryTest, PastItsNumberTheOldestLeavesAndIsMissing) {
  for (std::size_t i = 0; i < limits::kHistoryAlerts; ++i) add(1);
  EXPECT_FALSE(history_.since(cam_, {}).missing);
  add(1);
  const auto missing = history_.since(cam_, {}).missing;
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->from, 1U);
  EXPECT_EQ(missing->to, 1U);
  EXPECT_EQ(history_.since(cam_, {}).alerts.size(), limits::kHistoryAlerts);
  EXPECT_FALSE(history_.since(cam_, {1, 1}).missing);
}

TEST_F(AlertHistoryTest, WhatIsMissingHasTheNumbersOfTheGenerationThatLeftLast) {
  add(1);
  add(1);
  for (std::size_t i = 0; i < limits::kHistoryAlerts + 3; ++i) add(2);
  const auto after_first = history_.since(cam_, {1, 1}).missing;
  ASSERT_TRUE(after_first);
  EXPECT_EQ(after_first->generation, 2U);
  EXPECT_EQ(after_first->from, 1U);
  EXPECT_EQ(after_first->to, 3U);
  const auto after_next = history_.since(cam_, {2, 1}).missing;
  ASSERT_TRUE(after_next);
  EXPECT_EQ(after_next->from, 2U);
  EXPECT_EQ(after_next->to, 3U);
}

TEST_F(AlertHistoryTest, ItIsReadInPartsAndSaysHowManyAreLeft) {
  for (int i = 0; i < 5; ++i) add(1);
  const auto part = history_.since(cam_, {1, 1}, 3);
  EXPECT_EQ(part.alerts.size(), 3U);
  EXPECT_EQ(part.alerts.back().position.sequence, 4U);
  EXPECT_EQ(part.left, 1U);
  EXPECT_EQ(history_.last(cam_), (ResultPosition{1, 5}));
}

TEST_F(AlertHistoryTest, PastItsAgeAnAlertLeaves) {
  const auto age = std::chrono::nanoseconds{limits::kHistoryAlertAge}.count();
  add(1, 0);
  add(1, age);
  EXPECT_EQ(since({}), (Numbers{1, 2}));
  add(1, age + 1);
  EXPECT_EQ(since({}), (Numbers{2, 3}));
}

TEST_F(AlertHistoryTest, TheNextProgramGoesOnWithItAndItsNumbers) {
  add(1);
  add(1);
  AlertHistory next;
  ASSERT_TRUE(next.resume(history_.carried({cam_})));
  history_ = next;
  EXPECT_EQ(since({1, 1}), Numbers{2});
  EXPECT_EQ(add(1), 3U);
  nlohmann::json broken = history_.carried({cam_});
  broken[0]["alerts"][0]["kind"] = 99;
  EXPECT_FALSE(next.resume(broken));
}

TEST_F(AlertHistoryTest, EventsThatAreCriticalAreNumberedWithTheAlertsAndCarriedAlong) {
  const ipc::Event entered{.kind = EventKind::ZoneEnter,
                           .frame_id = 9,
                           .capture_wall_ns = 5,
                           .width = 640,
                           .height = 480,
                           .zone = "entry",
                           .object = {.box = {1, 2, 3, 4}, .track_id = 17}};
  const auto enter = [&] {
    return history_.add(SceneEvent{.session = cam_,
                                   .generation = 1,
                                   .sequence = 444,
                                   .priority = ipc::PriorityClass::Critical,
                                   .event = entered,
                                   .label = "person",
                                   .attributes = R"({"coat":{"label":"red"}})"},
                        1);
  };
  EXPECT_EQ(add(1), 1U);
  EXPECT_EQ(enter(), 2U);
  EXPECT_EQ(add(1), 3U);
  nlohmann::json carried = history_.carried({cam_});
  AlertHistory next;
  ASSERT_TRUE(next.resume(carried));
  const auto kept = next.since(cam_, {1, 1}).alerts;
  ASSERT_EQ(kept.size(), 2U);
  ASSERT_NE(kept[0].event, nullptr);
  EXPECT_EQ(kept[0].event->label, "person");
  EXPECT_EQ(kept[0].event->attributes, R"({"coat":{"label":"red"}})");
  EXPECT_EQ(kept[0].event->event.zone, "entry");
  EXPECT_EQ(kept[0].event->event.object.track_id, 17U);
  EXPECT_EQ(kept[1].event, nullptr);

  nlohmann::json& event = carried[0]["alerts"][1];
  event.erase("attributes");
  ASSERT_TRUE(next.resume(carried)) << "of a program that knew none";
  EXPECT_EQ(next.since(cam_, {1, 1}).alerts.at(0).event->attributes, "{}");
  for (const char* text : {"{", "7", ""}) {
    event["attributes"] = text;
    EXPECT_FALSE(next.resume(carried)) << text;
  }
}

}  // namespace
}  // namespace bulkhead::supervisor
