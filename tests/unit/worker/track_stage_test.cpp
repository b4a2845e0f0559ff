#include "worker/track/track_stage.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace bulkhead::worker {
namespace {

constexpr std::int64_t kStageMs = 1'000'000;
constexpr std::int64_t kCameraEpoch = 4'000'000'000 * 1000 * kStageMs;  // 2026, since 1900

Object walker(float x, float confidence = 0.9F) {
  return {.box = {x, 0, 40, 100}, .confidence = confidence, .label_id = 0};
}

Frame frame_at(std::int64_t arrival_ms, std::int64_t camera_ms = -1) {
  Frame frame;
  frame.arrival_ns = arrival_ms * kStageMs;
  if (camera_ms >= 0) frame.camera_ns = kCameraEpoch + camera_ms * kStageMs;
  frame.width = 640;
  frame.height = 480;
  return frame;
}

std::vector<Object> tracked(TrackStage& stage, const Frame& frame, std::vector<Object> objects) {
  stage.track(frame, objects);
  return objects;
}

void confirm(TrackStage& stage) {
  for (int i = 1; i <= 3; ++i) tracked(stage, frame_at(100 * i), {walker(0)});
}

TEST(TrackStageTest, SwitchedOffItChangesNothingAndAsksForNothingMore) {
  TrackStage stage{{.on = false, .min_confidence = 0.4F}};
  EXPECT_EQ(least_confidence(false, 0.4F), 0.4F);
  for (int i = 1; i <= 5; ++i) {
    const auto objects = tracked(stage, frame_at(100 * i), {walker(0), walker(100, 0.4F)});
    ASSERT_EQ(objects.size(), 2U);
    EXPECT_EQ(objects[0].track_id, 0U);
  }
}

TEST(TrackStageTest, EachLabelIsSureFromItsOwnConfidenceOn) {
  TrackStage stage{{.on = true, .min_confidence = {0.4F, {0.4F, 0.8F}}}};
  Object other = walker(300, 0.7F);
  other.label_id = 1;
  for (int i = 1; i <= 3; ++i) {
    const auto told = tracked(stage, frame_at(100 * i), {walker(0, 0.5F), other});
    ASSERT_EQ(told.size(), 1U) << "0.7 is not sure enough for the other label";
    EXPECT_EQ(told[0].label_id, 0);
  }
}

TEST(TrackStageTest, AsksForUnsureBoxesToo) {
  EXPECT_EQ(least_confidence(true, 0.4F), 0.1F);
  EXPECT_EQ(least_confidence(true, 0.05F), 0.05F) << "all that is asked for";
}

TEST(TrackStageTest, UnsureObjectsAreToldOnlyWhileTheyAreTracked) {
  TrackStage stage{{.min_confidence = 0.4F}};
  confirm(stage);
  const auto told =
      tracked(stage, frame_at(400), {walker(300, 0.4F), walker(0, 0.2F), walker(500, 0.2F)});
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0].box.x, 300) << "sure enough, though not tracked yet";
  EXPECT_EQ(told[0].track_id, 0U);
  EXPECT_EQ(told[1].track_id, 1U);
  EXPECT_EQ(told[1].confidence, 0.2F) << "as the detector has it";
}

TEST(TrackStageTest, AnotherThresholdCountsFromTheNextFrameOn) {
  TrackStage stage{{.min_confidence = 0.4F}};
  stage.tune({.min_confidence = 0.8F});
  EXPECT_TRUE(tracked(stage, frame_at(100), {walker(0, 0.6F)}).empty());
}

TEST(TrackStageTest, SwitchedOffAndOnAgainAllTracksAreOthers) {
  TrackStage stage{{.min_confidence = 0.4F}};
  confirm(stage);
  stage.tune({.on = false, .min_confidence = 0.4F});
  EXPECT_EQ(tracked(stage, frame_at(400), {walker(0)})[0].track_id, 0U);
  stage.tune({.min_confidence = 0.4F});
  EXPECT_EQ(tracked(stage, frame_at(500), {walker(0)})[0].track_id, 0U);
  tracked(stage, frame_at(600), {walker(0)});
  EXPECT_EQ(tracked(stage, frame_at(700), {walker(0)})[0].track_id, 2U);
}

TEST(TrackStageTest, APictureOfAnotherSizeBeginsAnew) {
  TrackStage stage{{.min_confidence = 0.4F}};
  confirm(stage);
  Frame other = frame_at(400);
  other.width = 1280;
  EXPECT_EQ(tracked(stage, other, {walker(0)})[0].track_id, 0U);
}

TEST(TrackStageTest, HowLongAThingWasAwayIsTheCamerasToSay) {
  for (const auto& [arrived_ms, taken_ms, id] :
       {std::array{1500, 2100, 0}, std::array{2100, 1500, 1}}) {
    TrackStage stage{{.min_confidence = 0.4F}};
    for (int i = 1; i <= 3; ++i) tracked(stage, frame_at(100 * i, 100 * i), {walker(0)});
    const Frame later = frame_at(300 + arrived_ms, 300 + taken_ms);
    EXPECT_EQ(tracked(stage, later, {walker(0)})[0].track_id, static_cast<std::uint32_t>(id));
  }
}

TEST(TrackStageTest, AClockThatIsSetCostsNoTrack) {
  TrackStage stage{{.min_confidence = 0.4F}};
  for (int i = 1; i <= 3; ++i) tracked(stage, frame_at(100 * i, 100 * i), {walker(0)});
  EXPECT_EQ(tracked(stage, frame_at(400, 3'600'000), {walker(0)})[0].track_id, 1U) << "ahead";
  EXPECT_EQ(tracked(stage, frame_at(500, 100), {walker(0)})[0].track_id, 1U) << "and back";
  EXPECT_EQ(tracked(stage, frame_at(600), {walker(0)})[0].track_id, 1U) << "and not known";
}

TEST(TrackStageTest, AClockThatIsSetBackALittleMakesNobodyWaitLonger) {
  TrackStage stage{{.min_confidence = 0.4F}};
  for (int i = 1; i <= 3; ++i) tracked(stage, frame_at(100 * i, 1000 + 100 * i), {walker(0)});
  tracked(stage, frame_at(400, 600), {});
  EXPECT_EQ(tracked(stage, frame_at(2400, 2600), {walker(0)})[0].track_id, 0U) << "2.1 s away";
}

}  // namespace
}  // namespace bulkhead::worker
