#include "worker/gst_log.hpp"

#include <gtest/gtest.h>
#include <spdlog/logger.h>

#include <fstream>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "common/rotating_log.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::worker {
namespace {

class GstLogTest : public ::testing::Test {
 protected:
  GstLogTest() { log_.open(open_log({.file = file_, .level = "warn"}, nullptr).value()); }

  [[nodiscard]] std::vector<std::string> lines() const {
    std::vector<std::string> lines;
    std::ifstream stream{file_};
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
  }

  test::TempDir folder_;
  std::filesystem::path file_ = folder_.path() / "cam.log";
  GstLog log_;
};

TEST_F(GstLogTest, WhatIsAskedForIsWrittenWhateverTheLevelOfTheLogAndOnlyForAWhile) {
  log_.write("debug", "rtspsrc", "before");
  log_.begin_debug(monotonic_ns() + 3600 * kNsPerSecond);
  log_.write("debug", "rtspsrc", "during");
  EXPECT_FALSE(log_.debug_is_over(monotonic_ns()));
  log_.begin_debug(monotonic_ns());
  log_.write("debug", "rtspsrc", "after");
  EXPECT_TRUE(log_.debug_is_over(monotonic_ns()));
  EXPECT_TRUE(log_.end_debug());
  EXPECT_FALSE(log_.debug_is_over(monotonic_ns())) << "ended once";
  const auto said = lines();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_NE(said[0].find("gstreamer debug=debug category=rtspsrc refused_before=0 text=during"),
            std::string::npos)
      << said[0];
}

TEST_F(GstLogTest, ItsBytesBoundItAndThenItIsOver) {
  log_.begin_debug(monotonic_ns() + 3600 * kNsPerSecond);
  const std::string big(limits::kGstDebugBytes / 2 + 1, 'x');
  log_.write("debug", "rtspsrc", big);
  EXPECT_FALSE(log_.debug_is_over(monotonic_ns()));
  log_.write("debug", "rtspsrc", "y" + big);
  EXPECT_TRUE(log_.debug_is_over(monotonic_ns()));
  log_.write("debug", "rtspsrc", "past it");
  EXPECT_FALSE(log_.end_debug());
  EXPECT_EQ(lines().size(), 2U);
}

TEST_F(GstLogTest, ItsRateBoundsIt) {
  log_.begin_debug(monotonic_ns() + 3600 * kNsPerSecond);
  for (int i = 0; i < 5000; ++i) log_.write("debug", "rtspsrc", "line " + std::to_string(i));
  EXPECT_GE(lines().size(), static_cast<std::size_t>(limits::kGstDebugLinesPerSecond));
  EXPECT_LT(lines().size(), 4000U);
}

TEST_F(GstLogTest, WhatFollowsAuthorizationIsLeftOut) {
  log_.begin_debug(monotonic_ns() + 3600 * kNsPerSecond);
  log_.write("trace", "rtspsrc", "   key: 'Authorization', value: 'Digest response=\"c0ffee\"'");
  log_.write("warn", "rtspsrc", "DESCRIBE\r\nauthorization: Basic Zm9vYg==\r\n");
  const auto said = lines();
  ASSERT_EQ(said.size(), 2U);
  EXPECT_EQ(said[0].find("c0ffee"), std::string::npos) << said[0];
  EXPECT_NE(said[0].find("Authorization"), std::string::npos) << said[0];
  EXPECT_EQ(said[1].find("Zm9v"), std::string::npos) << said[1];
}

}  // namespace
}  // namespace bulkhead::worker
