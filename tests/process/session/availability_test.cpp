// Cameras that need not be there all the time: what is told of them, and when they have a worker.

#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <functional>
#include <optional>
#include <sstream>

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

}  // namespace
}  // namespace bulkhead::supervisor
