#include "worker/pipeline/detect_loop.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <utility>
#include <vector>

#include "common/limits.hpp"
#include "tests/support/detect_loop_rig.hpp"

namespace bulkhead::worker {
namespace {

TEST_F(DetectLoopTest, ObjectsAreImportantAndTheirAbsenceIsBulk) {
  infer_ = [](const Frame& frame) -> Result<Inference> {
    Inference inference{.objects = {}, .times = {.infer_us = 7}};
    if (frame.id == 2) inference.objects.push_back({.box = {1, 2, 3, 4}, .confidence = 0.9F});
    return inference;
  };
  give(1, 0);
  give(2, 40);
  ASSERT_TRUE(run());
  const auto taken = take_all();
  ASSERT_EQ(taken.size(), 2U);
  EXPECT_EQ(taken[0].priority, PriorityClass::Important);
  const auto& found = std::get<Detection>(taken[0].record.body);
  EXPECT_EQ(found.frame_id, 2U);
  EXPECT_EQ(found.arrival_ns, 40 * kMs);
  EXPECT_EQ(found.capture_wall_ns, 42);
  EXPECT_EQ(found.infer_us, 7U);
  EXPECT_EQ(found.width, 64U);
  EXPECT_EQ(found.height, 48U);
  EXPECT_EQ(taken[1].priority, PriorityClass::Bulk);
  EXPECT_EQ(std::get<Detection>(taken[1].record.body).frame_id, 1U);
}

TEST_F(DetectLoopTest, OtherThresholdsAndAnotherRateTakeEffectBetweenTwoFramesAndCostNone) {
  std::vector<std::pair<std::uint64_t, std::size_t>> seen;  // frame, how often it was tuned before
  infer_ = [&](const Frame& frame) -> Result<Inference> {
    seen.emplace_back(frame.id, tuned_.size());
    if (frame.id == 2) {
      tuning_.put({.min_confidence = 0.1F, .nms_iou = {}, .classes = {}});
      tuning_.put({.min_confidence = 0.6F, .nms_iou = {}, .classes = {}, .max_fps = 10});
    }
    return Inference{};
  };
  for (std::uint64_t id = 1; id <= 9; ++id) give(id, 50 * static_cast<std::int64_t>(id));
  ASSERT_TRUE(run());
  EXPECT_EQ(tuned_, std::vector<float>{0.6F});  // the latest, once
  EXPECT_EQ(seen, (std::vector<std::pair<std::uint64_t, std::size_t>>{
                      {1, 0}, {2, 0}, {3, 1}, {5, 1}, {7, 1}, {9, 1}}));
  EXPECT_EQ(status().frames_skipped_total.load(), 3U);
}

TEST_F(DetectLoopTest, TheFirstInferredFrameOfAConnectionIsReportedBeforeItsDetection) {
  camera_.first_frame(1);
  give(1, 0);
  give(2, 40);
  ASSERT_TRUE(run());
  const auto taken = take_all();
  ASSERT_EQ(taken.size(), 3U);
  EXPECT_EQ(std::get<ipc::CameraChange>(taken[0].record.body).state, ipc::CameraState::Live);
  EXPECT_EQ(taken[0].record.sequence, 1U);
  EXPECT_EQ(first_inferred_, 1);
}

TEST_F(DetectLoopTest, FramesAboveTheLimitAreSkippedAndCountedBeforeTheInference) {
  for (std::uint64_t id = 1; id <= 11; ++id) give(id, static_cast<std::int64_t>(1000 + id * 100));
  ASSERT_TRUE(run({.max_fps = 5}));
  EXPECT_EQ(status().frames_inferred_total.load(), 6U);
  EXPECT_EQ(status().frames_skipped_total.load(), 5U);
}

TEST_F(DetectLoopTest, TheSamePictureForAMinuteIsSaidToBeFrozen) {
  camera_.connecting();
  camera_.first_frame(1);
  for (std::uint64_t id = 1; id <= 65; ++id) give(id, static_cast<std::int64_t>(1000 * id));
  ASSERT_TRUE(run());
  std::vector<ipc::CameraState> said;
  for (const Taken& taken : take_all()) {
    const auto* change = std::get_if<ipc::CameraChange>(&taken.record.body);
    if (change != nullptr) said.push_back(change->state);
  }
  EXPECT_EQ(said, (std::vector{ipc::CameraState::Connecting, ipc::CameraState::Live,
                               ipc::CameraState::Frozen}));
}

TEST_F(DetectLoopTest, APictureWithNothingInItIsAnAlert) {
  camera_.first_frame(1);
  for (std::uint64_t id = 1; id <= 15; ++id) give(id, static_cast<std::int64_t>(1000 * id));
  ASSERT_TRUE(run());
  std::vector<bool> told;
  for (const Taken& taken : take_all()) {
    const auto* alert = std::get_if<ipc::Alert>(&taken.record.body);
    if (alert != nullptr) told.push_back(alert->active);
  }
  EXPECT_EQ(told, std::vector{true});
}

TEST_F(DetectLoopTest, OfEveryNthFrameTheOthersAreSkippedAndCounted) {
  for (std::uint64_t id = 1; id <= 7; ++id) give(id, static_cast<std::int64_t>(40 * id));
  ASSERT_TRUE(run({.frames = {.every_n = 3, .motion = {}, .region = {}, .masks = {}}}));
  EXPECT_EQ(status().frames_inferred_total.load(), 3U);
  EXPECT_EQ(status().frames_skipped_total.load(), 4U);
}

TEST_F(DetectLoopTest, FramesWithoutMotionRestButForTheFloorRateAndAreCounted) {
  std::vector<std::uint64_t> inferred;
  infer_ = [&](const Frame& frame) -> Result<Inference> {
    inferred.push_back(frame.id);
    return Inference{};
  };
  // Three seconds of the beginning, three without motion, then the light goes on.
  for (std::uint64_t id = 0; id < 12; ++id) give(id + 1, static_cast<std::int64_t>(500 * id));
  give(13, 6100, 200);
  ASSERT_TRUE(run({.frames = resting(0.5)}));
  EXPECT_EQ(inferred, (std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6, 10, 13}));
  EXPECT_EQ(status().frames_rested_total.load(), 5U);
  EXPECT_EQ(status().frames_skipped_total.load(), 0U);
}

TEST_F(DetectLoopTest, TheFirstFrameOfAConnectionIsInferredThoughNothingMoves) {
  std::vector<std::uint64_t> inferred;
  infer_ = [&](const Frame& frame) -> Result<Inference> {
    inferred.push_back(frame.id);
    if (frame.id == 2) camera_.first_frame(12);
    return Inference{};
  };
  camera_.first_frame(1);
  for (std::uint64_t id = 1; id <= 12; ++id) give(id, static_cast<std::int64_t>(500 * id));
  ASSERT_TRUE(run({.frames = resting(0.1)}));
  EXPECT_EQ(inferred, (std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6, 12}));
  EXPECT_EQ(first_inferred_, 2);
}

TEST_F(DetectLoopTest, ACameraThatRestsIsStillSaidToBeFrozenAndDark) {
  camera_.connecting();
  camera_.first_frame(1);
  for (std::uint64_t id = 1; id <= 66; ++id) give(id, static_cast<std::int64_t>(1000 * id));
  give(67, 67'000, 200);
  ASSERT_TRUE(run({.frames = resting(0.1)}));
  EXPECT_GT(status().frames_rested_total.load(), 50U);
  std::vector<ipc::CameraState> said;
  std::size_t alerts = 0;
  for (const Taken& taken : take_all()) {
    const auto* change = std::get_if<ipc::CameraChange>(&taken.record.body);
    if (change != nullptr) said.push_back(change->state);
    if (std::holds_alternative<ipc::Alert>(taken.record.body)) ++alerts;
  }
  EXPECT_EQ(said, (std::vector{ipc::CameraState::Connecting, ipc::CameraState::Live,
                               ipc::CameraState::Frozen, ipc::CameraState::Live}));
  EXPECT_EQ(alerts, 1U);
}

TEST_F(DetectLoopTest, OtherRulesTakeEffectBetweenTwoFrames) {
  std::vector<std::uint64_t> inferred;
  infer_ = [&](const Frame& frame) -> Result<Inference> {
    inferred.push_back(frame.id);
    ipc::Reconfigure tuning{.nms_iou = {}, .classes = {}};
    if (frame.id == 7) tuning.frames.every_n = 2;
    if (frame.id == 1 || frame.id == 7) tuning_.put(tuning);
    return Inference{};
  };
  for (std::uint64_t id = 1; id <= 12; ++id) give(id, static_cast<std::int64_t>(40 * id));
  ASSERT_TRUE(run({.frames = {.every_n = 5, .motion = {}, .region = {}, .masks = {}}}));
  EXPECT_EQ(inferred, (std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6, 7, 8, 10, 12}));
}

TEST_F(DetectLoopTest, AddsUpWhatEachPartOfTheWorkTook) {
  infer_ = [](const Frame&) -> Result<Inference> {
    Inference inference;
    inference.objects.resize(3);
    inference.times = {.letterbox_us = 1, .infer_us = 20, .decode_us = 3};
    inference.track_ns = 400;
    inference.crop_ns = 700;
    inference.crops = {.looked = 4, .skipped = 2};
    return inference;
  };
  give(1, 0);
  give(2, 40);
  ASSERT_TRUE(run());
  EXPECT_EQ(status().frames_inferred_total.load(), 2U);
  EXPECT_EQ(status().objects_total.load(), 6U);
  EXPECT_EQ(status().letterbox_ns_total.load(), 2'000U);
  EXPECT_EQ(status().infer_ns_total.load(), 40'000U);
  EXPECT_EQ(status().decode_ns_total.load(), 6'000U);
  EXPECT_EQ(status().track_ns_total.load(), 800U);
  EXPECT_EQ(status().crop_ns_total.load(), 1'400U);
  EXPECT_EQ(status().crops_total.load(), 8U);
  EXPECT_EQ(status().crops_skipped_total.load(), 4U);
  EXPECT_GT(status().publish_ns_total.load(), 0U);
}

TEST_F(DetectLoopTest, ShowsThatItInfersAndSinceWhen) {
  const std::int64_t before = monotonic_ns();
  give(1, 0);
  ASSERT_TRUE(run());
  ASSERT_EQ(stages_, std::vector{Stage::Inferring});
  EXPECT_GE(status().stage_since_ns.load(), before);
}

TEST_F(DetectLoopTest, AFailedInferenceEndsTheLoopAndPublishesNothing) {
  infer_ = [](const Frame&) -> Result<Inference> {
    return Error{ErrorCode::InferenceFailed, "Reshape", {}};
  };
  give(1, 0);
  give(2, 40);
  const auto done = run();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::InferenceFailed);
  EXPECT_TRUE(take_all().empty());
}

TEST_F(DetectLoopTest, KeepsEveryFrameForSnapshotsWhetherInferredOrNot) {
  give(1, 1000);
  give(2, 1010);  // skipped
  infer_ = [this](const Frame& frame) -> Result<Inference> {
    EXPECT_EQ(preview_.take(50).value(), frame.id);
    return Inference{};
  };
  std::jthread stopper{[this] {
    while (status().frames_skipped_total.load() == 0) std::this_thread::yield();
    stop_.request_stop();
  }};
  ASSERT_TRUE(run({.max_fps = 5}));
  EXPECT_EQ(preview_.take(50).value(), 2U);
}

TEST_F(DetectLoopTest, TheEndOfAClipIsSaidAfterItsLastDetection) {
  constexpr std::uint64_t kFrames = 3;
  camera_.first_frame(1);
  camera_.finished();
  for (std::uint64_t id = 1; id <= kFrames; ++id) give(id, 0);
  std::jthread stopper{[this] {
    // Live, the detections, and the end; the loop goes on until it is stopped.
    while (status().results_published_total.load() < kFrames + 2) std::this_thread::yield();
    stop_.request_stop();
  }};
  ASSERT_TRUE(run({.stop_after_last_frame = false}));
  EXPECT_EQ(status().frames_inferred_total.load(), kFrames);
  const auto taken = take_all();
  ASSERT_EQ(taken.size(), kFrames + 2);
  EXPECT_EQ(std::get<ipc::CameraChange>(taken[0].record.body).state, ipc::CameraState::Live);
  EXPECT_EQ(std::get<ipc::CameraChange>(taken[1].record.body).reason, ErrorCode::EndOfStream);
  EXPECT_EQ(taken[1].record.sequence, kFrames + 2) << "said before the last detection";
}

TEST_F(DetectLoopTest, StopsWithoutAFrameWhenAsked) {
  stop_.request_stop();
  ASSERT_TRUE(run());
  EXPECT_TRUE(take_all().empty());
}

TEST_F(DetectLoopTest, ShowsTheSizeOfTheLatestFrame) {
  give(1, 0);
  ASSERT_TRUE(run());
  EXPECT_EQ(status().source_width.load(), 64U);
  EXPECT_EQ(status().source_height.load(), 48U);
}

}  // namespace
}  // namespace bulkhead::worker
