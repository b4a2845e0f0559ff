#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/support/session_rig.hpp"

namespace bulkhead::supervisor {
namespace {

using Told = std::vector<std::string>;

/// Fixtures report on a canary by the name of its model.
class CanarySessionTest : public ::testing::Test {
 protected:
  void SetUp() override { watch("/a"); }

  void watch(const std::string& path) {
    rig_.emplace("watches_a_camera");
    ASSERT_TRUE(rig_->table.subscribe(SessionRig::spec("cam", path)));
    ASSERT_TRUE(rig_->until([&] { return rig_->is("cam", SessionState::Live); }));
  }

  static CanaryRule rule(bool promotes, std::uint64_t frames = 100) {
    return {.frames = frames, .min_agreement = 0.9, .max_cost_ratio = 1.5, .promotes = promotes};
  }

  Result<CanaryView> start(const std::string& model, std::optional<CanaryRule> rule = {}) {
    CanaryRequest request{.pipeline = *rig_->view("cam").spec.pipeline, .rule = rule};
    request.pipeline.detect.model = model;
    return rig_->table.start_canary(SessionRig::id("cam"), std::move(request));
  }

  [[nodiscard]] bool until_canary(CanaryState state) {
    return rig_->until([&] {
      const auto canary = rig_->view("cam").canary;
      return canary && canary->state == state;
    });
  }
  [[nodiscard]] CanaryView canary() const { return rig_->view("cam").canary.value(); }
  [[nodiscard]] std::string served_model() const {
    return rig_->view("cam").spec.pipeline->detect.model;
  }

  std::optional<SessionRig> rig_;
};

TEST_F(CanarySessionTest, ItsFiguresAreToldAndNothingFollowsWithoutARule) {
  const auto started = start("agrees");
  ASSERT_TRUE(started) << started.error().message;
  EXPECT_EQ(started->state, CanaryState::Loading);
  ASSERT_TRUE(rig_->until([&] { return canary().figures.frames == 200; }));
  EXPECT_EQ(canary().state, CanaryState::Running);
  EXPECT_EQ(canary().sha256, std::string(64, 'c'));
  EXPECT_NEAR(canary().figures.agreement.value(), 0.95, 1e-6);
  EXPECT_NEAR(canary().figures.cost_ratio.value(), 1.2, 1e-9);
  EXPECT_EQ(rig_->view("cam").generation, 1U);
  const auto second = start("differs");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::AlreadyExists);
}

TEST_F(CanarySessionTest, PromotedByItsRuleAWorkerWithItTakesOverAndItIsKept) {
  ASSERT_TRUE(start("agrees", rule(true)));
  ASSERT_TRUE(until_canary(CanaryState::Promoted));
  EXPECT_TRUE(rig_->is("cam", SessionState::Live, 2));
  EXPECT_EQ(served_model(), "agrees");
  EXPECT_EQ(rig_->canaries, (Told{"LOADING", "RUNNING", "PASSED", "PROMOTING", "PROMOTED"}));
  ASSERT_EQ(rig_->promoted.size(), 1U);
  EXPECT_EQ(rig_->promoted[0].pipeline->detect.model, "agrees");
  EXPECT_TRUE(rig_->reverted.empty());
}

TEST_F(CanarySessionTest, OneThatPassesIsPromotedByCommandAndOneThatDiffersHasFailed) {
  ASSERT_TRUE(start("differs", rule(true)));
  ASSERT_TRUE(until_canary(CanaryState::Failed));
  EXPECT_NE(canary().reason_text.find("agreement 0.20 in 100 frames"), std::string::npos);
  EXPECT_FALSE(rig_->table.promote_canary(SessionRig::id("cam")));
  ASSERT_TRUE(start("agrees", rule(false)));
  ASSERT_TRUE(until_canary(CanaryState::Passed));
  EXPECT_EQ(rig_->view("cam").generation, 1U);
  const auto promoted = rig_->table.promote_canary(SessionRig::id("cam"));
  ASSERT_TRUE(promoted) << promoted.error().message;
  EXPECT_EQ(promoted->state, CanaryState::Promoting);
  EXPECT_FALSE(rig_->table.roll_back_canary(SessionRig::id("cam")));
  ASSERT_TRUE(until_canary(CanaryState::Promoted));
  EXPECT_EQ(served_model(), "agrees");
}

TEST_F(CanarySessionTest, RolledBackItIsForgottenAndTheWorkerGoesOn) {
  ASSERT_TRUE(start("agrees"));
  ASSERT_TRUE(until_canary(CanaryState::Running));
  ASSERT_TRUE(rig_->table.roll_back_canary(SessionRig::id("cam")));
  EXPECT_FALSE(rig_->view("cam").canary);
  EXPECT_FALSE(rig_->table.roll_back_canary(SessionRig::id("cam")));
  const std::size_t before = rig_->results_of("cam");
  ASSERT_TRUE(rig_->until([&] { return rig_->results_of("cam") > before + 5; }));
}

TEST_F(CanarySessionTest, OneThatCannotBeLoadedHasFailedAndTheWorkerGoesOn) {
  ASSERT_TRUE(start("broken", rule(true)));
  ASSERT_TRUE(until_canary(CanaryState::Failed));
  EXPECT_EQ(canary().reason, ErrorCode::ModelInvalid);
  EXPECT_EQ(canary().reason_text, "it is broken");
  EXPECT_EQ(rig_->view("cam").generation, 1U);
}

TEST_F(CanarySessionTest, AWorkerThatDiesOfItComesBackWithoutIt) {
  ASSERT_TRUE(start("kills", rule(true)));
  ASSERT_TRUE(until_canary(CanaryState::Failed));
  EXPECT_EQ(canary().reason, ErrorCode::WorkerDied);
  EXPECT_TRUE(canary().reason_text.starts_with("its worker died: ")) << canary().reason_text;
  ASSERT_TRUE(rig_->until([&] { return rig_->is("cam", SessionState::Live, 2); }));
  EXPECT_EQ(served_model(), "fixture");
  const std::size_t before = rig_->results_of("cam", 2);
  ASSERT_TRUE(rig_->until([&] { return rig_->results_of("cam", 2) > before + 5; }));
  EXPECT_EQ(canary().state, CanaryState::Failed);
}

TEST_F(CanarySessionTest, OtherPipelinesAndOtherWorkersEndItAndOtherZonesDoNot) {
  ASSERT_TRUE(start("agrees"));
  ASSERT_TRUE(until_canary(CanaryState::Running));
  SessionSpec spec = *rig_->table.asked(SessionRig::id("cam"));
  spec.track_updates = true;
  rig_->table.reconfigure(spec, [](const auto&) {});
  EXPECT_EQ(canary().state, CanaryState::Running);
  spec.pipeline->detect.min_confidence = 0.9F;
  rig_->table.reconfigure(spec, [](const auto&) {});
  EXPECT_EQ(canary().state, CanaryState::Failed);
  ASSERT_TRUE(start("agrees"));
  ASSERT_TRUE(until_canary(CanaryState::Running));
  rig_->table.restart(SessionRig::id("cam"), RestartMode::Auto, [](const auto&) {});
  ASSERT_TRUE(until_canary(CanaryState::Failed));
  EXPECT_EQ(canary().reason_text, "its worker was replaced");
}

TEST_F(CanarySessionTest, WhereTheWorkerWithItDoesNotGetReadyTheOldOneStaysAndItHasFailed) {
  ASSERT_NO_FATAL_FAILURE(watch("/dies"));
  ASSERT_TRUE(start("agrees", rule(true)));
  ASSERT_TRUE(until_canary(CanaryState::Failed));
  EXPECT_EQ(rig_->canaries, (Told{"LOADING", "RUNNING", "PASSED", "PROMOTING", "FAILED"}));
  EXPECT_TRUE(rig_->is("cam", SessionState::Live, 1));
  EXPECT_EQ(served_model(), "fixture");
  ASSERT_EQ(rig_->reverted.size(), 1U);
  EXPECT_EQ(rig_->reverted[0].pipeline->detect.model, "fixture");
}

TEST_F(CanarySessionTest, AModelThatTheWorkerMayNotReadIsRefusedBeforeAnythingHappens) {
  const auto refused = start("/somewhere/else.onnx");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::InvalidParams);
  EXPECT_EQ(refused.error().field, "params.model");
  EXPECT_FALSE(rig_->view("cam").canary);
  EXPECT_EQ(rig_->table.start_canary(SessionRig::id("nobody"), {}).error().code,
            ErrorCode::NotFound);
}

}  // namespace
}  // namespace bulkhead::supervisor
