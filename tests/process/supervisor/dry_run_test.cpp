// What the next program says of itself before this one becomes it.

#include "supervisor/upgrade/dry_run.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <optional>
#include <string>

#include "supervisor/upgrade/sealed_memory.hpp"
#include "tests/support/hang_limit.hpp"

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;

class DryRunTest : public testing::Test {
 protected:
  /// Of a shell in the place of the next program.
  Result<std::string> outcome_of(const std::string& script,
                                 std::chrono::milliseconds limit = test::kHangLimit) {
    auto run = DryRun::start(
        loop_, {.path = "/bin/sh", .arguments = {"-c", script, "next"}}, memory_->get(),
        [&](Result<std::string> said) { said_ = std::move(said); }, limit);
    if (!run) return run.error();
    loop_.run_for(test::kHangLimit);
    EXPECT_TRUE(said_);
    return said_.value_or(Error{});
  }

  boost::asio::io_context loop_;
  Result<UniqueFd> memory_ = seal(std::vector<std::uint8_t>{'b', 'e', 'd', '\n'});
  std::optional<Result<std::string>> said_;
};

TEST_F(DryRunTest, ReadsTheMemoryAndSaysItsVersion) {
  const auto said = outcome_of("read what < /proc/self/fd/3; echo 1.2.3 $what");
  ASSERT_TRUE(said) << said.error().message;
  EXPECT_EQ(*said, "1.2.3 bed");
}

TEST_F(DryRunTest, IsToldThatItIsOneAndWhereTheMemoryIs) {
  EXPECT_EQ(*outcome_of("echo $@"), "--inherit 3 --dry-run");
}

TEST_F(DryRunTest, HasNothingElseOfOurs) {
  EXPECT_EQ(
      *outcome_of("open=; i=0; while [ $i -lt 1024 ]; do"
                  " [ -e /proc/$$/fd/$i ] && open=\"$open $i\"; i=$((i+1)); done; echo $open"),
      "0 1 2 3");
}

TEST_F(DryRunTest, SaysWhyItCannotGoOn) {
  const auto said = outcome_of("echo the model is gone >&2; exit 78");
  ASSERT_FALSE(said);
  EXPECT_EQ(said.error().code, ErrorCode::Unavailable);
  EXPECT_EQ(said.error().message, "the next program cannot go on: the model is gone");
}

TEST_F(DryRunTest, ThatDiesOrSaysNothingIsNoProgramToBecome) {
  for (const char* script : {"kill -9 $$", "exit 1", "exit 0"}) {
    EXPECT_EQ(outcome_of(script).error().code, ErrorCode::Unavailable) << script;
    loop_.restart();
  }
}

TEST_F(DryRunTest, ThatSaysMoreThanFitsIsCut) {
  const auto said = outcome_of("head -c 60000 /dev/zero | tr '\\0' x");
  ASSERT_TRUE(said);
  EXPECT_EQ(said->size(), kDryRunTextBytes);
}

TEST_F(DryRunTest, ThatHangsIsKilledAndToldOf) {
  const auto said = outcome_of("exec sleep 600", 50ms);
  ASSERT_FALSE(said);
  EXPECT_EQ(said.error().code, ErrorCode::Timeout);
}

TEST_F(DryRunTest, OfNoProgramIsSpawnFailed) {
  const auto run = DryRun::start(loop_, {.path = "/nonexistent", .arguments = {}}, memory_->get(),
                                 [](const Result<std::string>&) {});
  ASSERT_FALSE(run);
  EXPECT_EQ(run.error().code, ErrorCode::SpawnFailed);
}

}  // namespace
}  // namespace bulkhead::supervisor
