#include "supervisor/hub/notification.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "tests/support/result_events.hpp"

namespace bulkhead::supervisor {
namespace {

using nlohmann::json;
using testing::car;
using testing::person;
using testing::SampleResult;

constexpr std::int64_t kMs = 1'000'000;

/// The params as a client reads them: what a stream writes before, then the tail.
json params_of(const std::string& tail) {
  return json::parse(R"({"jsonrpc":"2.0","method":"x","params":{"streamId":"s1",)" + tail)
      .at("params");
}

TEST(NotificationTest, ADetectionHasTheFormOfTheContract) {
  SampleResult sample;
  sample.detection.arrival_ns = 1000 * kMs;
  sample.detection.objects = {car(0.91F)};
  const std::string tail = detection_tail(sample.event(), {}, 1041 * kMs + 700'000);
  EXPECT_EQ(
      tail,
      R"("v":1,"session":"display;cam","generation":3,"sequence":1841,"frameId":5127,)"
      R"("tsCapture":"2026-01-05T12:00:00.123456Z","tsPublish":"2026-01-05T12:00:00.165156Z",)"
      R"("ageMs":41.7,"inferMs":31.25,"width":1920,"height":1080,)"
      R"("model":{"name":"yolo11n","sha256":")" +
          std::string(64, 'a') +
          R"("},"objects":[{"id":"3-1841-0","trackId":12,"label":"car","labelId":2,)"
          R"("confidence":0.91,"bbox":{"x":411,"y":220.3,"w":310,"h":180},)"
          R"("bboxNorm":{"xMin":0.21406,"yMin":0.20394,"xMax":0.37552,"yMax":0.37061},)"
          R"("zones":[],"attributes":{}}]}})");
  EXPECT_EQ(params_of(tail)["objects"][0]["bbox"]["w"], 310);
}

TEST(NotificationTest, TheCamerasOwnTimeIsToldWhereItsClockWasEverSet) {
  constexpr std::int64_t k1970 = 2'208'988'800'000'000'000;
  SampleResult sample;
  EXPECT_FALSE(params_of(detection_tail(sample.event(), {}, 0)).contains("tsCamera"));
  sample.detection.camera_ns = 3'600 * std::int64_t{1'000'000'000};  // up for an hour
  EXPECT_FALSE(params_of(detection_tail(sample.event(), {}, 0)).contains("tsCamera"));
  sample.detection.camera_ns = k1970 + 1'767'614'400'120'000'000;
  EXPECT_EQ(params_of(detection_tail(sample.event(), {}, 0))["tsCamera"],
            "2026-01-05T12:00:00.120000Z");
}

TEST(NotificationTest, AnUntrackedObjectHasNoTrackId) {
  SampleResult sample;
  sample.detection.objects = {person(0.5F)};
  const json params = params_of(detection_tail(sample.event(), {}, 0));
  EXPECT_FALSE(params["objects"][0].contains("trackId"));
}

TEST(NotificationTest, AFilterKeepsLabelsAndConfidenceAndTheIdsOfTheWholeFrame) {
  SampleResult sample;
  sample.detection.objects = {car(0.9F), person(0.8F), car(0.4F)};
  const ObjectFilter confident_cars{.labels = {"car"}, .min_confidence = 0.5F};
  const json params = params_of(detection_tail(sample.event(), confident_cars, 0));
  ASSERT_EQ(params["objects"].size(), 1U);
  EXPECT_EQ(params["objects"][0]["id"], "3-1841-0");

  const json all = params_of(detection_tail(sample.event(), {.labels = {"person"}}, 0));
  EXPECT_EQ(all["objects"][0]["id"], "3-1841-1");
}

TEST(NotificationTest, HostileValuesOfAWorkerStillGiveAValidMessage) {
  SampleResult sample;
  sample.model.name = "a\"b\xFF\n";
  sample.model.labels = {std::string{"\0\\", 2}};
  sample.detection.width = 0;
  sample.detection.capture_wall_ns = std::numeric_limits<std::int64_t>::max();
  sample.detection.arrival_ns = std::numeric_limits<std::int64_t>::min();
  Object object = person(std::numeric_limits<float>::quiet_NaN());
  object.box.x = std::numeric_limits<float>::infinity();
  sample.detection.objects = {object, car(0.9F)};
  const json params =
      params_of(detection_tail(sample.event(), {}, std::numeric_limits<std::int64_t>::max()));
  EXPECT_EQ(params["objects"][0]["bboxNorm"]["xMax"], 0);
  EXPECT_EQ(params["objects"][1]["label"], "class 2");
  EXPECT_GE(params["ageMs"], 0);
}

TEST(NotificationTest, AnArrivalInTheFutureHasNoAge) {
  SampleResult sample;
  sample.detection.arrival_ns = 100;
  EXPECT_EQ(age_ns(sample.detection, 50), 0);
  EXPECT_EQ(age_ns(sample.detection, 150), 50);
}

TEST(NotificationTest, AStateTellsFromToReasonAndWhetherTheSessionIsGone) {
  const auto id = SubscriptionId::parse("cam").value();
  const std::string text = "refused \"us\"";
  const json params = params_of(state_tail({.session = id,
                                            .generation = 2,
                                            .from = SessionState::Connecting,
                                            .to = SessionState::AuthFailed,
                                            .at_wall_ns = 0,
                                            .reason = ErrorCode::AuthFailed,
                                            .text = text,
                                            .removed = false}));
  EXPECT_EQ(params, json::parse(R"({"streamId":"s1","v":1,"session":"cam","generation":2,
      "from":"CONNECTING","to":"AUTH_FAILED","since":"1970-01-01T00:00:00.000000Z",
      "reason":"AUTH_FAILED","reasonText":"refused \"us\"","removed":false})"));
}

TEST(NotificationTest, AnAlertTellsWhatBeganOrEndedAndWhen) {
  const auto id = SubscriptionId::parse("cam").value();
  const std::string text = "the lens is covered";
  const json params = params_of(alert_tail({.session = id,
                                            .generation = 2,
                                            .kind = ipc::AlertKind::DarkPicture,
                                            .active = true,
                                            .since_wall_ns = 0,
                                            .text = text}));
  EXPECT_EQ(params, json::parse(R"({"streamId":"s1","v":1,"session":"cam","generation":2,
      "kind":"DARK_PICTURE","active":true,"since":"1970-01-01T00:00:00.000000Z",
      "text":"the lens is covered"})"));
}

TEST(NotificationTest, AGapTellsWhatIsMissingAndWhy) {
  const auto id = std::make_shared<const SubscriptionId>(SubscriptionId::parse("cam").value());
  const json params = params_of(gap_tail({.session = id,
                                          .generation = 2,
                                          .priority = ipc::PriorityClass::Bulk,
                                          .reason = GapReason::WorkerQueueFull,
                                          .from = 5,
                                          .to = 9,
                                          .count = 4}));
  EXPECT_EQ(params, json::parse(R"({"streamId":"s1","v":1,"session":"cam","generation":2,
      "class":"BULK","fromSequence":5,"toSequence":9,"count":4,"reason":"worker_queue_full"})"));
}

}  // namespace
}  // namespace bulkhead::supervisor
