#include "common/weekly_schedule.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/limits.hpp"
#include "common/session_spec.hpp"

namespace bulkhead {
namespace {

using nlohmann::json;

json window(const json& days, const std::string& from, const std::string& to) {
  return {{"days", days}, {"from", from}, {"to", to}};
}

Result<SessionSpec> scheduled(const json& schedule, const std::string& availability = "scheduled") {
  return SessionSpec::from_json({{"subscriptionIdentifier", "gate"},
                                 {"rtspUrl", "rtsp://camera/a"},
                                 {"availability", availability},
                                 {"schedule", schedule}},
                                "params");
}

TEST(WeeklyScheduleTest, WindowsAreReadAndWrittenBack) {
  const json given{window({"mon", "fri"}, "08:00", "18:30"), window({"sat"}, "22:00", "06:00"),
                   window({"sun"}, "00:00", "24:00")};
  const auto spec = scheduled(given);
  ASSERT_TRUE(spec) << spec.error().message;
  ASSERT_EQ(spec->schedule.size(), 3U);
  EXPECT_EQ(spec->schedule[0], (WeeklyWindow{.days = 0b0010001, .from = 480, .to = 1110}));
  EXPECT_EQ(spec->schedule[1].minutes(), 8 * 60) << "over midnight";
  EXPECT_EQ(spec->schedule[2].minutes(), 24 * 60);
  EXPECT_EQ(spec->to_json(SessionSpec::Secrets::Hidden)["schedule"], given);
}

TEST(WeeklyScheduleTest, WithoutDaysItIsEveryDayAndTheOrderOfDaysIsNothing) {
  const json all{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  const auto spec = scheduled({{{"from", "08:00"}, {"to", "09:00"}}});
  ASSERT_TRUE(spec);
  EXPECT_EQ(spec->to_json(SessionSpec::Secrets::Hidden)["schedule"][0]["days"], all);
  EXPECT_EQ(scheduled(json::array({window({"tue", "mon", "mon"}, "08:00", "09:00")})).value(),
            scheduled(json::array({window({"mon", "tue"}, "08:00", "09:00")})).value());
}

TEST(WeeklyScheduleTest, AScheduleAndItsClassNeedEachOther) {
  const json good = json::array({window({"mon"}, "08:00", "09:00")});
  for (const char* other : {"always", "intermittent", "on_demand"}) {
    const auto refused = scheduled(good, other);
    ASSERT_FALSE(refused) << other;
    EXPECT_EQ(refused.error().field, "params.schedule");
    EXPECT_NE(refused.error().message.find("scheduled"), std::string::npos);
  }
  const auto missing = scheduled(nullptr);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().field, "params.schedule");
}

TEST(WeeklyScheduleTest, WhatIsWrongIsNamedToTheWindow) {
  struct Case {
    json schedule;
    std::string field;
    std::string said;
  };
  const json good = window({"mon"}, "08:00", "09:00");
  const auto one = [](const json& only) { return json::array({only}); };
  for (const Case& wrong : {
           Case{"mon 8-9", "params.schedule", "list"},
           Case{json::array(), "params.schedule", "1 to 32"},
           Case{json::array({good, 7}), "params.schedule[1]", "object"},
           Case{one(window({"monday"}, "08:00", "09:00")), "params.schedule[0].days", "monday"},
           Case{one(window(json::array(), "08:00", "09:00")), "params.schedule[0].days", "no day"},
           Case{one(window({"mon"}, "8:00", "09:00")), "params.schedule[0].from", "HH:MM"},
           Case{one(window({"mon"}, "08:60", "09:00")), "params.schedule[0].from", "08:60"},
           Case{one(window({"mon"}, "24:00", "09:00")), "params.schedule[0].from", "23:59"},
           Case{one(window({"mon"}, "08-00", "09:00")), "params.schedule[0].from", "HH:MM"},
           Case{one(window({"mon"}, "08:00", "24:01")), "params.schedule[0].to", "24:00"},
           Case{one(window({"mon"}, "08:00", "-1:00")), "params.schedule[0].to", "HH:MM"},
           Case{one(window({"mon"}, "08:00", "08:00")), "params.schedule[0].to", "00:00 to 24:00"},
           Case{one(json::object({{"from", "08:00"}})), "params.schedule[0].to", "missing"},
           Case{one(json::object({{"from", "08:00"}, {"to", "09:00"}, {"day", 1}})),
                "params.schedule[0].day", "day"},
       }) {
    const auto refused = scheduled(wrong.schedule);
    ASSERT_FALSE(refused) << wrong.schedule;
    EXPECT_EQ(refused.error().code, ErrorCode::InvalidParams);
    EXPECT_EQ(refused.error().field, wrong.field) << wrong.schedule;
    EXPECT_NE(refused.error().message.find(wrong.said), std::string::npos)
        << refused.error().message;
  }
}

TEST(WeeklyScheduleTest, AsManyWindowsAsTheLimitAreTakenAndNoMore) {
  json windows = json::array();
  for (std::size_t i = 0; i < limits::kScheduleWindows; ++i) {
    windows.push_back(window({"mon"}, "08:00", "09:00"));
  }
  EXPECT_TRUE(scheduled(windows));
  windows.push_back(windows[0]);
  EXPECT_FALSE(scheduled(windows));
}

}  // namespace
}  // namespace bulkhead
