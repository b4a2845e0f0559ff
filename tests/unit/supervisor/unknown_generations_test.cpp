#include "supervisor/session/unknown_generations.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "common/clock.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::supervisor {
namespace {

constexpr std::int64_t kYear2026 = 1'767'225'600 * kNsPerSecond;

class UnknownGenerationsTest : public testing::Test {
 protected:
  UnknownGenerationsTest() {
    environment_.history_dir = folder_.path() / "history";
    environment_.spool_dir = folder_.path() / "spool";
  }

  Generation past(std::int64_t seconds_of_2026) const {
    return past_unknown_generations(environment_, kYear2026 + seconds_of_2026 * kNsPerSecond);
  }

  test::TempDir folder_;
  SessionEnvironment environment_;
};

TEST_F(UnknownGenerationsTest, WhereNothingIsKeptTheyBeginAtOne) {
  environment_.sinks = {SinkSpec{"history", SqliteSinkSpec{}}};
  EXPECT_EQ(past(1000), 0U);
  std::filesystem::create_directory(environment_.history_dir);
  EXPECT_EQ(past(1000), 0U) << "an empty folder holds nothing";
}

TEST_F(UnknownGenerationsTest, AServerMayHaveResultsOfAContainerThatIsNoMore) {
  environment_.sinks = {SinkSpec{"site", PostgresSinkSpec{}}};
  EXPECT_EQ(past(1000), 1000U);
  environment_.sinks = {SinkSpec{"site", RedisSinkSpec{}}};
  EXPECT_EQ(past(1001), 1001U);
}

TEST_F(UnknownGenerationsTest, AHistoryOrASpoolMayHaveOutlivedItsRegistry) {
  std::filesystem::create_directories(environment_.history_dir / "gate");
  EXPECT_EQ(past(1000), 1000U);
  std::filesystem::remove_all(environment_.history_dir);
  std::filesystem::create_directories(environment_.spool_dir / "gate");
  EXPECT_EQ(past(1000), 1000U);
}

TEST_F(UnknownGenerationsTest, AClockThatWasNeverSetGivesNoGenerationThatIsNone) {
  environment_.sinks = {SinkSpec{"site", RedisSinkSpec{}}};
  EXPECT_EQ(past(-1'000'000'000), 0U);
  EXPECT_EQ(past(5'000'000'000), 0x7FFF'FFFFU) << "and leaves some to be given out";
}

}  // namespace
}  // namespace bulkhead::supervisor
