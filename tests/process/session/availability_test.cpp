// Cameras that need not be there all the time: what is told of them, and when they have a worker.

#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <sstream>

#include "tests/support/session_rig.hpp"

namespace bulkhead::supervisor {
namespace {

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

}  // namespace
}  // namespace bulkhead::supervisor
