// Cameras that need not be there all the time: what is told of them, and when they have a worker.

#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <functional>
#include <optional>
#include <sstream>

#include "common/clock.hpp"
#include "tests/support/session_rig.hpp"

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;

SessionSpec spec(Availability availability) {
  SessionSpec made = SessionRig::spec("cam");
  made.availability = availability;
  return made;
}

/// What the supervisor's log says of a camera that is lost, at the level that it has by default.
std::string told_of_a_lost_camera(Availability availability) {
  std::ostringstream text;
  const auto log = std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_st>(text));
  log->set_pattern("%l %v");
  SessionRig rig{"loses_its_camera", {}, {.log = log}};
  EXPECT_TRUE(rig.table.subscribe(spec(availability)));
  EXPECT_TRUE(rig.until([&] { return rig.is("cam", SessionState::Live); }));
  rig.touch("power_cut");
  EXPECT_TRUE(rig.until([&] { return std::ranges::count(rig.path_of("cam"), "OFFLINE") > 0; }));
  return text.str();
}

TEST(Availability, ACameraThatShallBeThereIsWarnedOfWhenItIsNot) {
  const std::string told = told_of_a_lost_camera(Availability::Always);
  EXPECT_NE(told.find("warning session=cam generation=1 LIVE -> OFFLINE"), std::string::npos)
      << told;
}

TEST(Availability, AnIntermittentCameraThatIsAwayIsNoWarning) {
  const std::string told = told_of_a_lost_camera(Availability::Intermittent);
  EXPECT_NE(told.find("info session=cam generation=1 LIVE -> OFFLINE"), std::string::npos) << told;
  EXPECT_EQ(told.find("warning"), std::string::npos) << told;
}

/// Sessions that have a worker at times only, looked at often and without lingering.
class OnDemand : public ::testing::Test {
 protected:
  static SessionLimits hasty() {
    SessionLimits limits;
    limits.activation = {.look = 10ms, .linger = 0ms};
    return limits;
  }

  void ask(bool demanded) {
    rig_.demanded = demanded;
    rig_.table.look_at_demand();
  }

  void subscribe() {
    const auto subscribed = rig_.table.subscribe(spec(Availability::OnDemand));
    ASSERT_TRUE(subscribed) << subscribed.error().message;
  }

  void go_live() {
    ask(true);
    subscribe();
    ASSERT_TRUE(rig_.until([&] { return rig_.is("cam", SessionState::Live); }));
  }

  Result<SessionTable::Reconfigured> change(const std::function<void(SessionSpec&)>& changing) {
    SessionSpec changed = *rig_.table.asked(SessionRig::id("cam"));
    changing(changed);
    std::optional<Result<SessionTable::Reconfigured>> answer;
    rig_.table.reconfigure(changed, [&](const auto& done) { answer = done; });
    EXPECT_TRUE(rig_.until([&] { return answer.has_value(); }));
    return answer.value();
  }

  [[nodiscard]] bool rests(Generation generation) {
    return rig_.is("cam", SessionState::Stopped, generation) && rig_.view("cam").pid < 0;
  }

  SessionRig rig_{"healthy_worker", hasty()};
};

TEST_F(OnDemand, AWorkerRunsOnlyWhileSomebodyWantsItsResults) {
  ASSERT_NO_FATAL_FAILURE(subscribe());
  EXPECT_TRUE(rests(0));
  EXPECT_FALSE(rig_.view("cam").wanted);
  EXPECT_NE(rig_.view("cam").reason_text.find("nobody asks for its results"), std::string::npos);
  for (const Generation generation : {1U, 2U}) {
    ask(true);
    ASSERT_TRUE(rig_.until([&] { return rig_.is("cam", SessionState::Live, generation); }));
    EXPECT_TRUE(rig_.view("cam").wanted);
    ask(false);
    ASSERT_TRUE(rig_.until([&] { return rests(generation); }));
    EXPECT_NE(rig_.view("cam").reason_text.find("nobody asks for its results"), std::string::npos);
    EXPECT_EQ(rig_.view("cam").last_exits.at(0).exit_code, 0) << "stopped in order";
  }
  EXPECT_EQ(rig_.view("cam").last_exits.size(), 2U);
}

TEST_F(OnDemand, ItsWorkerLingersSoThatWhoComesBackFindsIt) {
  SessionLimits limits = hasty();
  limits.activation.linger = 2 * test::kHangLimit;
  SessionRig rig{"healthy_worker", limits};
  rig.demanded = true;
  ASSERT_TRUE(rig.table.subscribe(spec(Availability::OnDemand)));
  ASSERT_TRUE(rig.until([&] { return rig.is("cam", SessionState::Live); }));
  rig.demanded = false;
  const std::size_t before = rig.results.size();
  ASSERT_TRUE(rig.until([&] { return rig.results.size() >= before + 20; })) << "many looks long";
  EXPECT_TRUE(rig.is("cam", SessionState::Live));
}

TEST_F(OnDemand, WhatRestsIsNeitherRestartedNorPhotographedAndSaysWhy) {
  ASSERT_NO_FATAL_FAILURE(subscribe());
  std::optional<Error> restart;
  std::optional<Error> snapshot;
  rig_.table.restart(SessionRig::id("cam"), RestartMode::Auto,
                     [&](const auto& done) { restart = done.error(); });
  rig_.table.snapshot(SessionRig::id("cam"), [&](const auto& done) { snapshot = done.error(); });
  ASSERT_TRUE(rig_.until([&] { return restart && snapshot; }));
  for (const Error& error : {*restart, *snapshot}) {
    EXPECT_EQ(error.code, ErrorCode::Unavailable);
    EXPECT_NE(error.message.find("nobody asks for its results"), std::string::npos);
  }
}

TEST_F(OnDemand, OneThatRestsIsUnsubscribedLikeAnyOther) {
  ASSERT_NO_FATAL_FAILURE(subscribe());
  ASSERT_TRUE(rig_.table.unsubscribe(SessionRig::id("cam")));
  ASSERT_TRUE(rig_.until([&] { return rig_.table.size() == 0; }));
  EXPECT_TRUE(rig_.states.back().removed);
}

TEST_F(OnDemand, OtherParametersOfOneThatRestsWaitForItsNextWorker) {
  ASSERT_NO_FATAL_FAILURE(subscribe());
  const auto done = change([](SessionSpec& spec) { spec.url.path = "/b"; });
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->how, Reconfiguration::Replace);
  EXPECT_TRUE(rests(0));
  ask(true);
  ASSERT_TRUE(rig_.until([&] { return rig_.is("cam", SessionState::Live); }));
  EXPECT_EQ(rig_.view("cam").spec.url.path, "/b");
}

TEST_F(OnDemand, AnotherAvailabilityKeepsTheWorkerThatMayStay) {
  ASSERT_NO_FATAL_FAILURE(go_live());
  const pid_t pid = rig_.view("cam").pid;
  for (const auto availability :
       {Availability::Always, Availability::OnDemand, Availability::Intermittent}) {
    const auto done = change([&](SessionSpec& spec) { spec.availability = availability; });
    ASSERT_TRUE(done);
    EXPECT_EQ(done->how, Reconfiguration::Hot);
    EXPECT_EQ(rig_.view("cam").pid, pid);
  }
  rig_.demanded = false;
  ASSERT_TRUE(change([](SessionSpec& spec) { spec.availability = Availability::OnDemand; }));
  ASSERT_TRUE(rig_.until([&] { return rests(1); })) << "the one that may not stay";
  ASSERT_TRUE(change([](SessionSpec& spec) { spec.availability = Availability::Always; }));
  ASSERT_TRUE(rig_.until([&] { return rig_.is("cam", SessionState::Live, 2); }));
}

TEST_F(OnDemand, OneThatComesBackWithTheSupervisorWaitsForDemand) {
  EXPECT_TRUE(rig_.table.restore({spec(Availability::OnDemand)}).empty());
  EXPECT_TRUE(rests(0));
  ask(true);
  ASSERT_TRUE(rig_.until([&] { return rig_.is("cam", SessionState::Live); }));
}

TEST_F(OnDemand, ARestIsNotInTheWayOfStoppingAll) {
  ASSERT_NO_FATAL_FAILURE(subscribe());
  bool stopped = false;
  rig_.table.stop_all([&] { stopped = true; });
  ASSERT_TRUE(rig_.until([&] { return stopped; }));
  ask(true);
  EXPECT_EQ(rig_.table.size(), 0U);
}

/// On a clock that only a test moves, on Monday, 2026-01-05.
class Scheduled : public ::testing::Test {
 protected:
  static SessionLimits hasty() {
    SessionLimits limits;
    limits.activation.look = 10ms;
    return limits;
  }

  static SessionSpec mornings(const std::string& name = "cam") {
    SessionSpec made = SessionRig::spec(name);
    made.availability = Availability::Scheduled;
    made.schedule = {{.days = 1, .from = 8 * 60, .to = 12 * 60}};
    return made;
  }

  void set_clock(int hour, int minute = 0) {
    constexpr std::int64_t kMonday = 1'767'571'200;
    wall_ns_ = (kMonday + (hour * 60 + minute) * 60) * kNsPerSecond;
  }

  std::int64_t wall_ns_ = 0;
  SessionRig rig_{"healthy_worker", hasty(), {.wall_clock = [this] { return wall_ns_; }}};
};

TEST_F(Scheduled, AWorkerRunsInItsWindowsAndIsStoppedInOrderAtTheirEnd) {
  set_clock(7, 59);
  ASSERT_TRUE(rig_.table.subscribe(mornings()));
  SessionView view = rig_.view("cam");
  EXPECT_EQ(view.state, SessionState::Stopped);
  EXPECT_FALSE(view.wanted);
  ASSERT_TRUE(view.next_start_wall_ns);
  EXPECT_EQ(*view.next_start_wall_ns - wall_ns_, 60 * kNsPerSecond);
  EXPECT_NE(view.reason_text.find("2026-01-05T08:00:00"), std::string::npos) << view.reason_text;

  set_clock(8);
  ASSERT_TRUE(rig_.until([&] { return rig_.is("cam", SessionState::Live); }));
  EXPECT_EQ(rig_.view("cam").next_start_wall_ns, std::nullopt);

  set_clock(12);
  ASSERT_TRUE(rig_.until([&] { return rig_.is("cam", SessionState::Stopped); }));
  view = rig_.view("cam");
  EXPECT_EQ(view.last_exits.at(0).exit_code, 0);
  EXPECT_NE(view.reason_text.find("2026-01-12T08:00:00"), std::string::npos) << view.reason_text;
}

TEST_F(Scheduled, AClockThatIsSetIsFollowedEitherWay) {
  set_clock(9);
  ASSERT_TRUE(rig_.table.subscribe(mornings()));
  for (const Generation generation : {1U, 2U}) {
    ASSERT_TRUE(rig_.until([&] { return rig_.is("cam", SessionState::Live, generation); }));
    set_clock(generation == 1 ? 20 : 3);
    ASSERT_TRUE(rig_.until([&] { return rig_.is("cam", SessionState::Stopped, generation); }));
    set_clock(9);
  }
}

TEST_F(Scheduled, OtherWindowsAreFollowedAtOnceAndKeepAWorkerThatMayStay) {
  set_clock(9);
  ASSERT_TRUE(rig_.table.subscribe(mornings()));
  ASSERT_TRUE(rig_.until([&] { return rig_.is("cam", SessionState::Live); }));
  const pid_t pid = rig_.view("cam").pid;
  SessionSpec other = mornings();
  other.schedule[0].from = 9 * 60;
  ASSERT_EQ(rig_.table.subscribe(other)->how, Reconfiguration::Hot);
  EXPECT_EQ(rig_.view("cam").pid, pid);
  EXPECT_EQ(rig_.view("cam").state, SessionState::Live);
  other.schedule[0].from = 10 * 60;
  ASSERT_EQ(rig_.table.subscribe(other)->how, Reconfiguration::Hot);
  ASSERT_TRUE(rig_.until([&] { return rig_.is("cam", SessionState::Stopped); }));
}

TEST_F(Scheduled, ThoseThatBeginTogetherStartOneAfterTheOther) {
  set_clock(7);
  for (const char* name : {"one", "two", "three"}) {
    ASSERT_TRUE(rig_.table.subscribe(mornings(name)));
  }
  set_clock(8);
  ASSERT_TRUE(rig_.until([&] { return rig_.view("one").pid > 0; }));
  EXPECT_LT(rig_.view("two").pid, 0) << "its turn comes 250 ms later";
  ASSERT_TRUE(rig_.until([&] {
    return rig_.is("one", SessionState::Live) && rig_.is("two", SessionState::Live) &&
           rig_.is("three", SessionState::Live);
  }));
}

}  // namespace
}  // namespace bulkhead::supervisor
