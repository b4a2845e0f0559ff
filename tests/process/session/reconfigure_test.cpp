#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>

#include "tests/support/session_rig.hpp"

namespace bulkhead::supervisor {
namespace {

using Reconfigured = SessionTable::Reconfigured;

class ReconfigureTest : public ::testing::Test {
 protected:
  void start(const std::string& fixture) {
    rig_.emplace(fixture);
    rig_->subscribe("cam");
    ASSERT_TRUE(rig_->until([&] { return rig_->is("cam", SessionState::Live); }));
  }

  Result<Reconfigured> reconfigure(const std::function<void(SessionSpec&)>& change) {
    SessionSpec spec = *rig_->table.asked(SessionRig::id("cam"));
    change(spec);
    std::optional<Result<Reconfigured>> answer;
    rig_->table.reconfigure(spec, [&](const auto& done) { answer = done; });
    EXPECT_TRUE(rig_->until([&] { return answer.has_value(); }));
    return answer.value();
  }

  std::optional<SessionRig> rig_;
};

TEST_F(ReconfigureTest, ThresholdsChangeWithoutANewGenerationAndWithoutALostResult) {
  ASSERT_NO_FATAL_FAILURE(start("watches_a_camera"));
  ASSERT_TRUE(rig_->until([&] { return rig_->results_of("cam") >= 10; }));
  const auto done = reconfigure([](SessionSpec& spec) {
    spec.pipeline->detect.min_confidence = 0.9F;
    spec.pipeline->max_fps = 5;
    spec.log_level = "debug";
  });
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->how, Reconfiguration::Hot);
  EXPECT_TRUE(done->applied);
  EXPECT_EQ(done->generation, 1U);
  EXPECT_EQ(rig_->view("cam").spec.pipeline->detect.min_confidence, 0.9F);
  const std::size_t before = rig_->results.size();
  ASSERT_TRUE(rig_->until([&] { return rig_->results.size() >= before + 10; }));
  for (std::size_t i = 1; i < rig_->results.size(); ++i) {
    EXPECT_EQ(rig_->results[i].generation, 1U);
    EXPECT_EQ(rig_->results[i].frame_id, rig_->results[i - 1].frame_id + 1);
  }
}

TEST_F(ReconfigureTest, AClassThatTheModelDoesNotHaveIsRefusedAndNothingChanges) {
  ASSERT_NO_FATAL_FAILURE(start("watches_a_camera"));
  const auto refused =
      reconfigure([](SessionSpec& spec) { spec.pipeline->detect.classes = {"cow"}; });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::InvalidParams);
  EXPECT_TRUE(rig_->view("cam").spec.pipeline->detect.classes.empty());
  const auto known =
      reconfigure([](SessionSpec& spec) { spec.pipeline->detect.classes = {"person"}; });
  EXPECT_TRUE(known && known->applied);
}

TEST_F(ReconfigureTest, AWorkerThatDoesNotAnswerIsReportedAndItsSuccessorHasTheParameters) {
  ASSERT_NO_FATAL_FAILURE(start("never_answers"));
  const auto done = reconfigure([](SessionSpec& spec) { spec.pipeline->max_fps = 5; });
  ASSERT_TRUE(done);
  EXPECT_EQ(done->how, Reconfiguration::Hot);
  EXPECT_FALSE(done->applied);
  EXPECT_EQ(rig_->view("cam").spec.pipeline->max_fps, 5);
}

TEST_F(ReconfigureTest, AnotherModelOverlapsAndAnotherCameraReplaces) {
  ASSERT_NO_FATAL_FAILURE(start("watches_a_camera"));
  const auto model = reconfigure([](SessionSpec& spec) { spec.pipeline->detect.model = "other"; });
  ASSERT_TRUE(model);
  EXPECT_EQ(model->how, Reconfiguration::Overlap);
  EXPECT_EQ(model->generation, 1U);
  ASSERT_TRUE(rig_->until([&] { return rig_->is("cam", SessionState::Live, 2); }));
  const auto camera = reconfigure([](SessionSpec& spec) { spec.url.path = "/b"; });
  ASSERT_TRUE(camera);
  EXPECT_EQ(camera->how, Reconfiguration::Replace);
  ASSERT_TRUE(rig_->until([&] { return rig_->is("cam", SessionState::Live, 3); }));
}

TEST_F(ReconfigureTest, ASessionThatIsNotThereIsNotFound) {
  rig_.emplace("watches_a_camera");
  std::optional<Result<Reconfigured>> answer;
  rig_->table.reconfigure(SessionRig::spec("nobody"), [&](const auto& done) { answer = done; });
  ASSERT_TRUE(rig_->until([&] { return answer.has_value(); }));
  EXPECT_EQ(answer->error().code, ErrorCode::NotFound);
}

}  // namespace
}  // namespace bulkhead::supervisor
