#include "supervisor/session/pending_commands.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "common/limits.hpp"

namespace bulkhead::supervisor {
namespace {

class PendingCommandsTest : public testing::Test {
 protected:
  Result<std::uint64_t> ask(std::int64_t deadline_ns) {
    return pending_.add(deadline_ns, [this](const Result<>& answer) {
      answers_.push_back(answer ? ErrorCode::None : answer.error().code);
    });
  }

  PendingCommands pending_;
  std::vector<ErrorCode> answers_;
};

TEST_F(PendingCommandsTest, AnAcknowledgementAnswersItsOwnCommandOnce) {
  const auto first = ask(100);
  const auto second = ask(100);
  ASSERT_TRUE(first && second);
  pending_.acknowledge({*second, ErrorCode::None, {}});
  pending_.acknowledge({*second, ErrorCode::None, {}});
  EXPECT_EQ(answers_, std::vector{ErrorCode::None});
  pending_.acknowledge({*first, ErrorCode::Unavailable, "no picture"});
  EXPECT_EQ(answers_, (std::vector{ErrorCode::None, ErrorCode::Unavailable}));
  EXPECT_TRUE(pending_.empty());
}

TEST_F(PendingCommandsTest, WhatNobodyAskedIsIgnored) {
  pending_.acknowledge({77, ErrorCode::None, {}});
  EXPECT_TRUE(answers_.empty());
}

TEST_F(PendingCommandsTest, SilenceIsATimeoutAtTheDeadline) {
  ASSERT_TRUE(ask(100));
  ASSERT_TRUE(ask(200));
  pending_.expire(99);
  EXPECT_TRUE(answers_.empty());
  pending_.expire(100);
  EXPECT_EQ(answers_, std::vector{ErrorCode::Timeout});
}

TEST_F(PendingCommandsTest, AtTheLimitTheNewcomerIsRefusedAndNobodyElse) {
  for (std::size_t i = 0; i < limits::kPendingCommands; ++i) ASSERT_TRUE(ask(100));
  const auto refused = ask(100);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::LimitReached);
  EXPECT_TRUE(answers_.empty());
}

TEST_F(PendingCommandsTest, TheEndOfTheWorkerAnswersAllEvenIfAnAnswerAsksAgain) {
  ASSERT_TRUE(pending_.add(100, [this](const Result<>&) { ASSERT_TRUE(ask(100)); }));
  pending_.fail_all({ErrorCode::Unavailable, "gone", {}});
  EXPECT_TRUE(answers_.empty());
  EXPECT_FALSE(pending_.empty());
}

}  // namespace
}  // namespace bulkhead::supervisor
