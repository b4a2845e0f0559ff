#include "supervisor/hub/notification.hpp"
#include "ipc/result_text.hpp"

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

TEST(NotificationTest, AttributesAreToldByTheNamesOfTheirStages) {
  SampleResult sample;
  sample.detection.objects = {car(0.91F)};
  sample.model.attributes = {{"brand", "makes", std::string(64, 'b')}, {"\"odd\"", "m", {}}};
  sample.detection.objects[0].attributes = {{0, "toyota", 0.84F, {}},
                                            {1, "x", 0.5F, Box{10, 20, 30, 40}},
                                            {2, "of a stage that is not there", 1, {}}};
  const json told = params_of(detection_tail(sample.event(), {}, 0))["objects"][0]["attributes"];
  EXPECT_EQ(told.size(), 2U);
  EXPECT_EQ(told["brand"], (json{{"label", "toyota"}, {"confidence", 0.84}, {"model", "makes"}}));
  EXPECT_EQ(told["\"odd\""]["bbox"], (json{{"x", 10}, {"y", 20}, {"w", 30}, {"h", 40}}));
}

TEST(NotificationTest, EveryModelThatMayHaveSaidSomethingHasItsFingerprintInEachDetection) {
  SampleResult sample;
  sample.model.attributes = {{"brand", "makes", std::string(64, 'b')},
                             {"\"odd\"", "m", std::string(64, 'c')}};
  const json model = params_of(detection_tail(sample.event(), {}, 0))["model"];
  EXPECT_EQ(model["sha256"], std::string(64, 'a'));
  EXPECT_EQ(model["attributes"],
            (json{{"brand", {{"name", "makes"}, {"sha256", std::string(64, 'b')}}},
                  {"\"odd\"", {{"name", "m"}, {"sha256", std::string(64, 'c')}}}}));
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

TEST(NotificationTest, WhoseAResultIsIsToldWhereItIsSomebodys) {
  SampleResult sample;
  json params = params_of(detection_tail(sample.event(), {}, 0));
  EXPECT_FALSE(params.contains("context") || params.contains("stage") ||
               params.contains("patchOf"));
  sample.detection.context = {.id = "shop \"17\"", .stage = "paid"};
  sample.detection.patch_of = 1840;
  params = params_of(detection_tail(sample.event(), {}, 0));
  EXPECT_EQ(params["context"], "shop \"17\"");
  EXPECT_EQ(params["stage"], "paid");
  EXPECT_EQ(params["patchOf"], 1840);
  EXPECT_EQ(params["sequence"], 1841);
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
  EXPECT_EQ(ipc::age_ns(sample.detection, 50), 0);
  EXPECT_EQ(ipc::age_ns(sample.detection, 150), 50);
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
                                            .text = text},
                                           7));
  EXPECT_EQ(params, json::parse(R"({"streamId":"s1","v":1,"session":"cam","generation":2,
      "sequence":7,"kind":"DARK_PICTURE","active":true,"since":"1970-01-01T00:00:00.000000Z",
      "text":"the lens is covered"})"));
}

TEST(NotificationTest, AnObjectHasTheNamesOfItsZonesAndNoneForABitWithoutOne) {
  SampleResult sample;
  sample.detection.objects = {car(0.9F)};
  sample.detection.objects[0].zones = 0b10000101;
  ResultEvent event = sample.event();
  event.zones = std::make_shared<const std::vector<std::string>>(
      std::vector<std::string>{"entry", "line", "\"till\""});
  const json params = params_of(detection_tail(event, {}, 0));
  EXPECT_EQ(params["objects"][0]["zones"], json({"entry", "\"till\""}));
}

SceneEvent scene_of(const SubscriptionId& session, const ipc::Event& event) {
  return {.session = session,
          .generation = 2,
          .sequence = 7,
          .priority = ipc::PriorityClass::Critical,
          .event = event,
          .label = "car"};
}

ipc::Event crossing() {
  return {.kind = EventKind::LineCross,
          .direction = Direction::Forward,
          .frame_id = 5127,
          .capture_wall_ns = 1'767'614'400'123'456'000,
          .width = 1920,
          .height = 1080,
          .zone = "gate",
          .object = car(0.91F)};
}

TEST(NotificationTest, AnEventTellsWhatHappenedToWhomAndWhere) {
  const auto id = SubscriptionId::parse("cam").value();
  const ipc::Event event = crossing();
  EXPECT_EQ(params_of(event_tail(scene_of(id, event))), json::parse(R"({"streamId":"s1","v":1,
      "session":"cam","generation":2,"sequence":7,"class":"CRITICAL","kind":"line.cross",
      "zone":"gate","direction":"forward","frameId":5127,"tsCapture":"2026-01-05T12:00:00.123456Z",
      "label":"car","labelId":2,"trackId":12,"confidence":0.91,
      "bbox":{"x":411,"y":220.3,"w":310,"h":180},
      "bboxNorm":{"xMin":0.21406,"yMin":0.20394,"xMax":0.37552,"yMax":0.37061},
      "attributes":{}})"));
}

TEST(NotificationTest, AnEventTellsWhatIsKnownOfItsObjectInTheFormOfADetection) {
  SampleResult sample;
  sample.model.attributes = {{"brand", "makes", std::string(64, 'b')}, {"\"odd\"", "m", {}}};
  ipc::Event event = crossing();
  event.object.attributes = {{0, "toyota", 0.84F, {}},
                             {1, "a \"text\"", 0.5F, Box{10, 20, 30, 40}},
                             {2, "of a stage that is not there", 1, {}}};
  sample.detection.objects = {event.object};
  const json seen = params_of(detection_tail(sample.event(), {}, 0))["objects"][0]["attributes"];
  ASSERT_EQ(seen.size(), 2U);
  SceneEvent scene = scene_of(sample.session, event);
  scene.attributes = ipc::attributes_json(event.object, sample.model);
  EXPECT_EQ(params_of(event_tail(scene))["attributes"], seen);
  event.kind = EventKind::ZoneCount;
  EXPECT_FALSE(params_of(event_tail(scene)).contains("attributes")) << "a count is of nobody";
}

TEST(NotificationTest, AnEventTellsOnlyWhatItsKindHas) {
  const auto id = SubscriptionId::parse("cam").value();
  ipc::Event event = crossing();
  event.direction = Direction::None;
  event.dwell_ms = 1500;
  event.count = 3;
  const auto told = [&](EventKind kind) {
    event.kind = kind;
    return params_of(event_tail(scene_of(id, event)));
  };
  const json left = told(EventKind::ZoneLeave);
  EXPECT_EQ(left["dwellMs"], 1500);
  EXPECT_FALSE(left.contains("count") || left.contains("direction") || left.contains("reason"));
  EXPECT_FALSE(told(EventKind::ZoneEnter).contains("dwellMs"));
  EXPECT_FALSE(left.contains("snapshot") || left.contains("context") || left.contains("stage"));
  event.has_snapshot = true;
  event.capture_wall_ns = 1'767'614'400'123'456'789;
  EXPECT_EQ(told(EventKind::ZoneEnter)["snapshot"], "1767614400123456789")
      << "a text, for JavaScript's numbers have 53 bits";
  event.context = {.id = "shop-17", .stage = {}};
  EXPECT_EQ(told(EventKind::ZoneEnter)["context"], "shop-17");
  const json count = told(EventKind::ZoneCount);
  EXPECT_EQ(count["count"], 3);
  EXPECT_FALSE(count.contains("bbox") || count.contains("trackId") || count.contains("dwellMs"));
  event.zone.clear();
  event.reason = EventReason::TrackEnded;
  const json ended = told(EventKind::TrackEnd);
  EXPECT_EQ(ended["aliveMs"], 1500);
  EXPECT_EQ(ended["reason"], "track_ended");
  EXPECT_FALSE(ended.contains("zone"));
}

TEST(NotificationTest, AFilterKeepsEventsByKindZoneAndLabelButNotByConfidence) {
  const auto id = SubscriptionId::parse("cam").value();
  const ipc::Event event = crossing();
  const SceneEvent scene = scene_of(id, event);
  EXPECT_TRUE(keeps(StreamFilter{}, scene));
  EXPECT_FALSE(keeps({.events = false}, scene));
  EXPECT_TRUE(keeps({.event_zones = {"gate"}}, scene));
  EXPECT_FALSE(keeps({.event_zones = {"entry"}}, scene));
  StreamFilter filter;
  filter.event_kinds.reset();
  EXPECT_FALSE(keeps(filter, scene));
  filter.event_kinds.set(static_cast<std::size_t>(EventKind::LineCross));
  EXPECT_TRUE(keeps(filter, scene));
  EXPECT_FALSE(keeps({.objects = {.labels = {"person"}}}, scene));
  EXPECT_TRUE(keeps({.objects = {.labels = {"car"}, .min_confidence = 1}}, scene))
      << "who was told to be in must be told to be out";
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

TEST(NotificationTest, TheLastStatusTellsWhereToResume) {
  const auto id = std::make_shared<const SubscriptionId>(SubscriptionId::parse("cam").value());
  const auto other = std::make_shared<const SubscriptionId>(SubscriptionId::parse("other").value());
  Stream stream{"s1", {}, [] {}};
  stream.cursor().begin(id, {});
  stream.cursor().begin(other, {.result = {1, 3}, .alert = {1, 7}});
  stream.offer({.payload = std::make_shared<const Message>(),
                .session = id,
                .generation = 2,
                .sequence = 9,
                .at_ns = 1});
  (void)stream.take(1);
  stream.close("slow_consumer");
  const json params = params_of(status_tail(stream, stream.take_status_changes().at(0)));
  EXPECT_EQ(params, json::parse(R"({"streamId":"s1","v":1,"from":"CONNECTED","to":"CLOSED",
      "reason":"slow_consumer","rateLimit":0,
      "resumeFrom":[{"session":"cam","generation":2,"sequence":9},
          {"session":"other","generation":1,"sequence":3,
           "alert":{"generation":1,"sequence":7}}]})"));
}

}  // namespace
}  // namespace bulkhead::supervisor
