// Whose the results of a session are, over all the workers that it has.

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <optional>
#include <string>

#include "tests/support/session_rig.hpp"

namespace bulkhead::supervisor {
namespace {

using ContextSet = SessionTable::ContextSet;
using SeenResult = SessionRig::SeenResult;

class ContextTest : public ::testing::Test {
 protected:
  SessionRig& watching(const std::string& path) {
    rig_.emplace("watches_a_camera");
    for (const char* name : {"cam", "beside"}) {
      EXPECT_TRUE(rig_->table.subscribe(SessionRig::spec(name, path)));
    }
    EXPECT_TRUE(rig_->until([&] { return rig_->results_of("cam") >= 15; }));
    return *rig_;
  }

  Result<ContextSet> answer_of(
      const std::function<void(std::function<void(Result<ContextSet>)>)>& ask) {
    std::optional<Result<ContextSet>> answer;
    ask([&](const auto& done) { answer = done; });
    EXPECT_TRUE(rig_->until([&] { return answer.has_value(); }));
    return answer.value();
  }
  Result<ContextSet> set_context(const std::string& context) {
    return answer_of(
        [&](const auto& done) { rig_->table.set_context(SessionRig::id("cam"), context, done); });
  }
  Result<ContextSet> set_stage(const std::string& stage) {
    return answer_of(
        [&](const auto& done) { rig_->table.set_stage(SessionRig::id("cam"), stage, done); });
  }

  [[nodiscard]] bool until_result(const std::function<bool(const SeenResult&)>& wanted) {
    return rig_->until([&] {
      return std::ranges::any_of(
          rig_->results, [&](const auto& seen) { return seen.session == "cam" && wanted(seen); });
    });
  }
  [[nodiscard]] bool until_under(const SessionContext& context, Generation generation = 1) {
    return until_result([&](const SeenResult& seen) {
      return seen.context == context && seen.generation == generation && seen.patch_of == 0;
    });
  }

  std::optional<SessionRig> rig_;
};

TEST_F(ContextTest, ReachesTheResultsOfItsSessionAloneUntilItIsTakenAway) {
  SessionRig& rig = watching("/steady");
  const auto set = set_context("shop-17");
  ASSERT_TRUE(set) << set.error().message;
  EXPECT_TRUE(set->applied);
  EXPECT_EQ(set->generation, 1U);
  ASSERT_TRUE(until_under({.id = "shop-17"}));
  const auto progressed = set_stage("paid");
  ASSERT_TRUE(progressed);
  EXPECT_EQ(progressed->context, (SessionContext{.id = "shop-17", .stage = "paid"}));
  ASSERT_TRUE(until_under({.id = "shop-17", .stage = "paid"}));
  EXPECT_EQ(set_context("shop-17")->context.stage, "paid") << "the same again changes nothing";
  EXPECT_EQ(set_context("shop-18")->context.stage, "") << "another one has not come as far";
  EXPECT_EQ(rig.view("cam").context, (SessionContext{.id = "shop-18"}));
  ASSERT_TRUE(until_under({.id = "shop-18"}));
  ASSERT_TRUE(set_context(""));
  const std::size_t before = rig.results.size();
  ASSERT_TRUE(rig.until([&] { return rig.results.size() >= before + 10; }));
  EXPECT_EQ(rig.results.back().context, SessionContext{});
  for (const SeenResult& seen : rig.results) {
    if (seen.session == "beside") {
      ASSERT_EQ(seen.context, SessionContext{});
    }
  }
}

TEST_F(ContextTest, IsKeptByAWorkerThatFollowsADeadOne) {
  SessionRig& rig = watching("/steady");
  ASSERT_TRUE(set_context("shop-17"));
  ASSERT_TRUE(set_stage("paid"));
  ::kill(rig.view("cam").pid, SIGKILL);
  ASSERT_TRUE(rig.until([&] { return rig.results_of("cam", 2) >= 10; }));
  for (const SeenResult& seen : rig.results) {
    if (seen.session == "cam" && seen.generation == 2) {
      ASSERT_EQ(seen.context, (SessionContext{.id = "shop-17", .stage = "paid"}));
    }
  }
}

TEST_F(ContextTest, IsTheSuccessorsTooAlsoWhenItComesBeforeThatTakesOver) {
  SessionRig& rig = watching("/steady");
  ASSERT_TRUE(set_context("shop-17"));
  std::optional<Result<Restarted>> reply;
  rig.table.restart(SessionRig::id("cam"), RestartMode::Overlap,
                    [&](auto got) { reply = std::move(got); });
  ASSERT_TRUE(rig.view("cam").successor) << "which takes no commands yet";
  ASSERT_TRUE(set_context("shop-18"));
  ASSERT_TRUE(rig.until([&] { return reply.has_value(); }));
  ASSERT_TRUE(*reply);
  ASSERT_TRUE(rig.until([&] { return rig.results_of("cam", 2) >= 10; }));
  for (const SeenResult& seen : rig.results) {
    if (seen.session == "cam" && seen.generation == 2) {
      ASSERT_EQ(seen.context, (SessionContext{.id = "shop-18"}));
    }
  }
}

TEST_F(ContextTest, HasTheLatestResultWithObjectsToldAgainWithItsTracks) {
  SessionRig& rig = watching("/people");
  rig.results.clear();
  ASSERT_TRUE(set_context("shop-17"));
  ASSERT_TRUE(until_result([](const SeenResult& seen) { return seen.patch_of != 0; }));
  const auto patch =
      std::ranges::find_if(rig.results, [](const auto& seen) { return seen.patch_of != 0; });
  EXPECT_EQ(patch->context, (SessionContext{.id = "shop-17"}));
  EXPECT_GT(patch->sequence, patch->patch_of);
  EXPECT_EQ(patch->track_id, 1U);
  // Of the worker that follows, track 1 is another one; what it tells again is that as well.
  std::optional<Result<Restarted>> reply;
  rig.table.restart(SessionRig::id("cam"), RestartMode::Replace,
                    [&](auto got) { reply = std::move(got); });
  ASSERT_TRUE(until_result(
      [](const SeenResult& seen) { return seen.generation == 2 && seen.track_id != 0; }));
  ASSERT_TRUE(set_stage("paid"));
  ASSERT_TRUE(until_result(
      [](const SeenResult& seen) { return seen.generation == 2 && seen.patch_of != 0; }));
  std::uint32_t told = 0;
  for (const SeenResult& seen : rig.results) {
    if (seen.session != "cam" || seen.generation != 2 || seen.track_id == 0) continue;
    if (seen.patch_of != 0) {
      EXPECT_EQ(seen.track_id, told);
    }
    told = seen.track_id;
  }
}

TEST_F(ContextTest, AStageOfNoContextIsRefusedWithWhatToDo) {
  SessionRig& rig = watching("/steady");
  const auto refused = set_stage("paid");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::InvalidParams);
  EXPECT_EQ(refused.error().field, "params.stage");
  EXPECT_NE(refused.error().message.find("session.setContext"), std::string::npos);
  EXPECT_EQ(rig.view("cam").context, SessionContext{});
}

TEST_F(ContextTest, AWorkerThatDoesNotAnswerIsReportedAndASessionAnewIsNobodys) {
  rig_.emplace("never_answers");
  rig_->subscribe("cam");
  ASSERT_TRUE(rig_->until([&] { return rig_->is("cam", SessionState::Live); }));
  const auto set = set_context("shop-17");
  ASSERT_TRUE(set);
  EXPECT_FALSE(set->applied);
  EXPECT_EQ(rig_->view("cam").context.id, "shop-17") << "its successor will have it";
  ASSERT_TRUE(rig_->table.unsubscribe(SessionRig::id("cam")));
  rig_->subscribe("cam");
  EXPECT_EQ(rig_->view("cam").context, SessionContext{});
}

TEST_F(ContextTest, OfASessionThatIsNotThereIsNotFound) {
  rig_.emplace("watches_a_camera");
  EXPECT_EQ(set_context("shop-17").error().code, ErrorCode::NotFound);
  EXPECT_EQ(set_stage("paid").error().code, ErrorCode::NotFound);
}

}  // namespace
}  // namespace bulkhead::supervisor
