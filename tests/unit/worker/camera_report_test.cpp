#include "worker/publish/camera_report.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "common/limits.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;
using ipc::CameraState;

class CameraReportTest : public testing::Test {
 protected:
  CameraReportTest() { redactor_->add("s3cret"); }

  std::vector<ipc::CameraChange> said() {
    std::vector<ipc::CameraChange> changes;
    for (;;) {
      const auto taken = consumer_.try_take();
      EXPECT_TRUE(taken);
      if (!taken || !*taken) return changes;
      changes.push_back(std::get<ipc::CameraChange>((*taken)->record.body));
    }
  }

  /// Of all that was told, the alerts: whether each began.
  std::vector<bool> alerts() {
    std::vector<bool> told;
    for (;;) {
      const auto taken = consumer_.try_take();
      EXPECT_TRUE(taken);
      if (!taken || !*taken) return told;
      const auto* alert = std::get_if<ipc::Alert>(&(*taken)->record.body);
      if (alert == nullptr) continue;
      EXPECT_EQ((*taken)->priority, ipc::PriorityClass::Critical);
      told.push_back(alert->active);
    }
  }

  void become_live() {
    camera_.model_loaded();
    camera_.connecting();
    camera_.first_frame(1);
    ASSERT_TRUE(camera_.inferred(1));
  }

  std::vector<CameraState> states() {
    std::vector<CameraState> states;
    for (const auto& change : said()) states.push_back(change.state);
    return states;
  }

  ipc::ShmSegment segment_ = ipc::ShmSegment::create().value();
  std::pair<UniqueFd, UniqueFd> bell_ = ipc::Doorbell::create_pair().value();
  ipc::PriorityConsumer consumer_{segment_, bell_.first.get()};
  ExitRequest exit_ = ExitRequest::create().value();
  ResultPublisher publisher_{segment_, bell_.second.get(), exit_};
  std::shared_ptr<Redactor> redactor_ = std::make_shared<Redactor>();
  CameraReport camera_{publisher_, redactor_};
};

using States = std::vector<CameraState>;

TEST_F(CameraReportTest, IsLiveOnlyWhenAFrameOfTheConnectionWasInferredAndSaysItOnce) {
  camera_.model_loaded();
  camera_.connecting();
  camera_.first_frame(1);
  EXPECT_EQ(states(), States{CameraState::Connecting});
  EXPECT_TRUE(camera_.inferred(1));
  EXPECT_FALSE(camera_.inferred(2));
  EXPECT_EQ(states(), States{CameraState::Live});
}

TEST_F(CameraReportTest, AFrozenPictureIsSaidAndThatItMovesAgain) {
  become_live();
  (void)said();
  camera_.frozen();
  camera_.moves_again();
  const auto changes = said();
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0].state, CameraState::Frozen);
  EXPECT_EQ(changes[0].reason, ErrorCode::Frozen);
  EXPECT_EQ(changes[1].state, CameraState::Live);
}

TEST_F(CameraReportTest, ADarkPictureIsAnAlertAndNoChangeOfState) {
  become_live();
  (void)said();
  camera_.dark();
  camera_.sees_again();
  camera_.sees_again();
  EXPECT_EQ(alerts(), (std::vector{true, false}));
}

TEST_F(CameraReportTest, AnAlertEndsWithItsConnection) {
  become_live();
  camera_.dark();
  camera_.lost({ErrorCode::Stalled, "gone", {}}, 1s);
  camera_.dark();  // of a late frame
  EXPECT_EQ(alerts(), (std::vector{true, false}));
}

TEST_F(CameraReportTest, WhatALateFrameShowsOfALostConnectionIsNotSaid) {
  become_live();
  camera_.lost({ErrorCode::Stalled, "gone", {}}, 1s);
  (void)said();
  camera_.frozen();
  camera_.moves_again();
  EXPECT_TRUE(said().empty());
}

TEST_F(CameraReportTest, ALateFrameOfALostConnectionDoesNotMeanLive) {
  camera_.model_loaded();
  camera_.connecting();
  camera_.first_frame(1);
  camera_.inferred(1);
  camera_.lost({ErrorCode::Stalled, "no pictures", {}}, 500ms);
  said();
  EXPECT_FALSE(camera_.inferred(2));
  camera_.connecting();
  EXPECT_FALSE(camera_.inferred(3)) << "a frame from before, the new connection has none yet";
  camera_.first_frame(4);
  EXPECT_FALSE(camera_.inferred(3)) << "a frame from before the first of this connection";
  EXPECT_EQ(states(), States{CameraState::Connecting});
  EXPECT_TRUE(camera_.inferred(4));
}

TEST_F(CameraReportTest, BeforeTheModelIsLoadedOnlyTheLatestChangeIsKept) {
  camera_.connecting();
  camera_.lost({ErrorCode::ConnectFailed, "refused", {}}, 500ms);
  EXPECT_TRUE(said().empty());
  camera_.model_loaded();
  EXPECT_EQ(states(), States{CameraState::Lost});
}

TEST_F(CameraReportTest, ALossSaysWhyAndWhenItIsTriedAgainWithoutSecretsOrControlCharacters) {
  camera_.model_loaded();
  camera_.lost({ErrorCode::AuthFailed, "rtsp://u:s3cret@host\n said \x1b[31mno", {}}, 180s);
  const auto changes = said();
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].reason, ErrorCode::AuthFailed);
  EXPECT_EQ(changes[0].retry_in_ms, 180'000U);
  EXPECT_EQ(changes[0].text.find("s3cret"), std::string::npos);
  EXPECT_EQ(changes[0].text.find_first_of("\n\x1b"), std::string::npos);
}

TEST_F(CameraReportTest, AClipAtItsEndIsLostOnlyAfterItsLastFrameWasInferred) {
  camera_.model_loaded();
  camera_.connecting();
  camera_.first_frame(1);
  camera_.finished();
  EXPECT_TRUE(camera_.has_finished());
  EXPECT_TRUE(camera_.inferred(1));
  EXPECT_EQ(states(), (States{CameraState::Connecting, CameraState::Live}));
  camera_.end_of_clip();
  camera_.end_of_clip();
  const auto changes = said();
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].state, CameraState::Lost);
  EXPECT_EQ(changes[0].reason, ErrorCode::EndOfStream);
}

}  // namespace
}  // namespace bulkhead::worker
