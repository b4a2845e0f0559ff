#include "supervisor/hub/hub.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "supervisor/hub/notification.hpp"
#include "tests/support/result_events.hpp"

namespace bulkhead::supervisor {
namespace {

using ipc::PriorityClass;
using testing::car;
using testing::person;
using testing::SampleResult;

class HubTest : public ::testing::Test {
 protected:
  std::shared_ptr<Stream> add(StreamFilter filter = {}) {
    auto stream = std::make_shared<Stream>("s1", std::move(filter), [] {});
    subscriptions_.push_back(hub_.add(stream));
    return stream;
  }

  void publish_state(const std::string& name, bool removed) {
    const auto id = SubscriptionId::parse(name).value();
    const std::string text;
    hub_.publish(StateEvent{.session = id,
                            .generation = 1,
                            .from = SessionState::Starting,
                            .to = SessionState::Connecting,
                            .at_wall_ns = 0,
                            .reason = ErrorCode::None,
                            .text = text,
                            .removed = removed});
  }

  static std::size_t objects_in(const OutboxItem& item) {
    return nlohmann::json::parse("{\"p\":{" + item.payload->params_tail)["p"]["objects"].size();
  }

  Hub hub_;
  std::vector<Hub::Subscription> subscriptions_;
};

TEST_F(HubTest, AllUnfilteredStreamsShareOnePayload) {
  const auto one = add();
  const auto two = add();
  SampleResult sample;
  sample.detection.objects = {car(0.9F)};
  hub_.publish(sample.event());
  const auto first = one->take(monotonic_ns());
  const auto second = two->take(monotonic_ns());
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->payload, second->payload);
  EXPECT_EQ(first->payload->method, "detection");
  EXPECT_EQ(first->sequence, 1841U);
  EXPECT_EQ(first->generation, 3U);
  EXPECT_EQ(*first->session, sample.session);
}

TEST_F(HubTest, EqualFiltersShareOneCopyAndFiltersThatChangeNothingShareTheWhole) {
  const auto whole = add();
  const auto weak = add({.objects = {.labels = {}, .min_confidence = 0.1F}});
  const auto cars = add({.objects = {.labels = {"car"}}});
  const auto same_cars = add({.objects = {.labels = {"car"}}});
  SampleResult sample;
  sample.detection.objects = {car(0.9F), person(0.5F)};
  hub_.publish(sample.event());
  const auto whole_item = whole->take(monotonic_ns());
  const auto cars_item = cars->take(monotonic_ns());
  EXPECT_EQ(weak->take(monotonic_ns())->payload, whole_item->payload);
  EXPECT_EQ(same_cars->take(monotonic_ns())->payload, cars_item->payload);
  EXPECT_EQ(objects_in(*whole_item), 2U);
  EXPECT_EQ(objects_in(*cars_item), 1U);
}

TEST_F(HubTest, AFrameLeftEmptyByItsFilterIsBulkOrNotSentAtAll) {
  const auto birds = add({.objects = {.labels = {"bird"}}});
  const auto only_birds = add({.objects = {.labels = {"bird"}}, .empty_frames = false});
  SampleResult sample;
  sample.detection.objects = {car(0.9F)};
  hub_.publish(sample.event());
  EXPECT_EQ(birds->take(monotonic_ns())->priority, PriorityClass::Bulk);
  EXPECT_TRUE(only_birds->outbox().empty());
}

TEST_F(HubTest, AWorkerCannotPutDetectionsAmongStateChangesAndAlerts) {
  const auto stream = add();
  SampleResult sample;
  sample.detection.objects = {car(0.9F)};
  for (const PriorityClass claimed : ipc::kAllPriorityClasses) {
    sample.priority = claimed;
    hub_.publish(sample.event());
    EXPECT_EQ(stream->take(monotonic_ns())->priority,
              claimed == PriorityClass::Bulk ? PriorityClass::Bulk : PriorityClass::Important);
  }
}

TEST_F(HubTest, AStreamGetsOnlyItsSessionsAndKinds) {
  const auto other = add({.sessions = {SubscriptionId::parse("other").value()}});
  const auto no_detections = add({.detections = false});
  const auto no_states = add({.states = false});
  SampleResult sample;
  hub_.publish(sample.event());
  publish_state("display;cam", false);
  EXPECT_TRUE(other->outbox().empty());
  EXPECT_EQ(no_detections->outbox().messages(), 1U);
  EXPECT_EQ(no_detections->take(monotonic_ns())->priority, PriorityClass::Control);
  EXPECT_EQ(no_states->outbox().messages(), 1U);
  EXPECT_EQ(no_states->take(monotonic_ns())->payload->method, "detection");
}

TEST_F(HubTest, ResultsAreWantedByWhoWouldBeGivenThem) {
  const auto one = SubscriptionId::parse("one").value();
  const auto two = SubscriptionId::parse("two").value();
  EXPECT_FALSE(hub_.wants_results(one));
  add({.detections = false, .events = false});
  EXPECT_FALSE(hub_.wants_results(one)) << "states and alerts are no wish for results";
  add({.sessions = {one}, .detections = false});
  EXPECT_TRUE(hub_.wants_results(one)) << "events are one";
  EXPECT_FALSE(hub_.wants_results(two));
  add();
  EXPECT_TRUE(hub_.events().demanded(two)) << "no name in the filter is every name";
  subscriptions_.clear();
  EXPECT_FALSE(hub_.wants_results(one));
}

TEST_F(HubTest, AWorkersGapReachesEachStreamOfTheSession) {
  const auto stream = add();
  const auto id = SubscriptionId::parse("cam").value();
  const ipc::Gap gap{.priority = PriorityClass::Important, .from = 3, .to = 5, .count = 3};
  hub_.publish(GapEvent{.session = id, .generation = 1, .gap = gap});
  const auto gaps = stream->take_gaps();
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0].reason, GapReason::WorkerQueueFull);
  EXPECT_EQ(gaps[0].from, 3U);
  EXPECT_EQ(gaps[0].to, 5U);

  hub_.publish(
      GapEvent{.session = id, .generation = 1, .gap = gap, .why = GapEvent::Why::TtlExpired});
  EXPECT_EQ(name_of(stream->take_gaps().at(0).reason), "ttl_expired");
}

TEST_F(HubTest, AStreamLeavesWithItsSubscriptionAndItsDropsStayCounted) {
  auto stream = std::make_shared<Stream>(
      "s1", StreamFilter{}, [] {}, OutboxLimits{.messages = 2});
  {
    const auto subscription = hub_.add(stream);
    EXPECT_EQ(hub_.streams(), 1U);
    SampleResult sample;
    sample.detection.objects = {car(0.9F)};
    hub_.publish(sample.event());
    hub_.publish(sample.event());
    EXPECT_EQ(hub_.queued().messages, 1U);
    EXPECT_GT(hub_.queued().bytes, 100U);
  }
  EXPECT_EQ(hub_.streams(), 0U);
  EXPECT_EQ(hub_.queued().messages, 0U);
  EXPECT_EQ(hub_.queued().dropped_total[ipc::index_of(PriorityClass::Important)], 1U);
}

TEST_F(HubTest, LatencyIsKeptForEachSessionUntilItIsRemoved) {
  SampleResult sample;
  sample.detection.arrival_ns = monotonic_ns() - 20'000'000;
  hub_.publish(sample.event());
  ASSERT_EQ(hub_.latencies().size(), 1U);
  const double latency = hub_.latencies().at(sample.session).sum_seconds();
  EXPECT_GE(latency, 0.02);
  sample.detection.patch_of = sample.sequence++;
  hub_.publish(sample.event());
  EXPECT_EQ(hub_.latencies().at(sample.session).sum_seconds(), latency) << "of a result told again";
  publish_state("display;cam", true);
  EXPECT_TRUE(hub_.latencies().empty());
}

TEST_F(HubTest, TheCallbacksForSessionsEndInTheHub) {
  const auto stream = add();
  const SessionEvents events = hub_.events();
  SampleResult sample;
  events.result(sample.event());
  EXPECT_EQ(stream->outbox().messages(), 1U);
  EXPECT_EQ(hub_.messages_total(), 1U);
}

TEST_F(HubTest, AnAlertIsCriticalAndGoesToWhoWantsAlertsOfItsSession) {
  const auto id = SubscriptionId::parse("cam").value();
  const auto everything = add();
  const auto no_alerts = add({.alerts = false});
  const auto other = add({.sessions = {SubscriptionId::parse("other").value()}});
  const std::string text = "dark";
  hub_.publish(AlertEvent{.session = id,
                          .generation = 1,
                          .kind = ipc::AlertKind::DarkPicture,
                          .active = true,
                          .since_wall_ns = 0,
                          .text = text});
  const auto item = everything->take(monotonic_ns());
  ASSERT_TRUE(item);
  EXPECT_EQ(item->priority, PriorityClass::Critical);
  EXPECT_EQ(item->payload->method, "system.alert");
  EXPECT_TRUE(no_alerts->outbox().empty());
  EXPECT_TRUE(other->outbox().empty());
}

class BroadcastTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kMemory = 400'000;

  std::shared_ptr<Stream> add(StreamFilter filter = {.states = false}) {
    auto stream = std::make_shared<Stream>(
        "s1", std::move(filter), [] {}, OutboxLimits{.messages = 100'000});
    subscriptions_.push_back(hub_.add(stream));
    return stream;
  }

  /// As often as the hub looks at its load, each with so many objects.
  void publish(int count, std::size_t objects) {
    SampleResult sample;
    sample.detection.objects.assign(objects, car(0.9F));
    for (int i = 0; i < count; ++i) {
      ++sample.sequence;
      hub_.publish(sample.event());
    }
  }

  Hub hub_{kMemory};
  std::vector<Hub::Subscription> subscriptions_;
};

TEST_F(BroadcastTest, PastTheMemoryOfAllWhoHoldsMostGivesWayAndIsTold) {
  const auto behind = add();
  const auto reader = add();
  for (int i = 0; i < 40; ++i) {
    publish(limits::kBroadcastLook, 1);
    EXPECT_LE(hub_.queued().memory_bytes, kMemory);
    while (reader->take(monotonic_ns())) {
    }
    reader->written(kNsPerMs);
  }
  EXPECT_TRUE(reader->take_gaps().empty()) << "who reads loses nothing";
  const auto gaps = behind->take_gaps();
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0].reason, GapReason::MemoryBudget);
  EXPECT_EQ(gaps[0].count + behind->outbox().messages(PriorityClass::Important),
            40 * limits::kBroadcastLook);
  const auto alert = behind->take(monotonic_ns());
  ASSERT_TRUE(alert);
  EXPECT_EQ(alert->priority, PriorityClass::Critical);
  EXPECT_NE(alert->payload->params_tail.find("broadcast_pressure"), std::string::npos);
}

TEST_F(BroadcastTest, FramesWithoutObjectsGiveWayBeforeDetections) {
  const auto behind = add();
  publish(200, 1);
  publish(1'000, 0);
  EXPECT_EQ(behind->outbox().messages(PriorityClass::Important), 200U);
  EXPECT_GT(behind->outbox().dropped_total(PriorityClass::Bulk), 0U);
}

TEST_F(BroadcastTest, WhoHoldsMostOfWhatIsNeverDroppedIsEndedBeforeOthersLoseADetection) {
  const auto worst = add();
  const auto behind = add({.states = false, .alerts = false});
  publish(20, 1);
  const std::string text(2'000, 'x');
  const SampleResult sample;
  for (std::size_t i = 0; i < 2 * kMemory / text.size() && !worst->overflowed(); ++i) {
    hub_.publish(AlertEvent{.session = sample.session,
                            .generation = 1,
                            .kind = ipc::AlertKind::DarkPicture,
                            .active = true,
                            .since_wall_ns = 0,
                            .text = text});
  }
  EXPECT_TRUE(worst->overflowed());
  EXPECT_EQ(hub_.queued().streams_ended_total, 1U);
  EXPECT_FALSE(behind->overflowed());
  EXPECT_EQ(behind->outbox().dropped_total(PriorityClass::Important), 0U);
}

TEST_F(BroadcastTest, EqualOnesGiveUpDetectionsBeforeAnyIsEnded) {
  std::vector<std::shared_ptr<Stream>> equal;
  for (int i = 0; i < 5; ++i) equal.push_back(add());
  for (int i = 0; i < 40; ++i) publish(limits::kBroadcastLook, 1);
  EXPECT_EQ(hub_.queued().streams_ended_total, 0U);
  for (const auto& stream : equal) EXPECT_FALSE(stream->overflowed());
}

TEST_F(BroadcastTest, WhatIsOnItsWayCountsAsWhatWaits) {
  const auto reader = add();
  publish(64, 1);
  while (reader->take(monotonic_ns())) {
  }
  EXPECT_EQ(hub_.queued().load.messages, 0U);
  EXPECT_GT(hub_.queued().memory_bytes, 64U * 100);
  reader->written(kNsPerMs);
  EXPECT_EQ(hub_.queued().memory_bytes, 0U);
}

TEST_F(BroadcastTest, WhoComesBackGetsNoMoreThanTheMemoryOfAllAllows) {
  publish(100, 1);
  std::vector<std::shared_ptr<Stream>> back;
  const SampleResult sample;
  for (int i = 0; i < 10; ++i) {
    back.push_back(add());
    (void)subscriptions_.back().replay({{sample.session, {}}}, 1'000);
  }
  EXPECT_LT(hub_.queued().memory_bytes, kMemory * 8 / 10);
  EXPECT_EQ(back.front()->outbox().messages(), 100U);
  EXPECT_EQ(back.back()->outbox().messages(), 0U);
  const auto gaps = back.back()->take_gaps();
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0].reason, GapReason::MemoryBudget);
  EXPECT_EQ(gaps[0].count, 100U);
}

TEST_F(BroadcastTest, SharedMessagesAreHeldOnce) {
  const auto one = add();
  publish(64, 1);
  const std::size_t alone = hub_.queued().load.bytes;
  const auto two = add();
  while (one->take(monotonic_ns())) {
  }
  EXPECT_EQ(hub_.queued().load.messages, 0U);
  publish(64, 1);
  EXPECT_EQ(hub_.queued().load.bytes, alone);
  EXPECT_EQ(hub_.queued().load.messages, 64U);
}

TEST_F(HubTest, AnEventGoesToWhoWantsItWithItsClassAndPastAnyRate) {
  const auto all = std::make_shared<Stream>(
      "s1", StreamFilter{}, [] {}, OutboxLimits{}, StreamPolicy{.max_rate = 1});
  subscriptions_.push_back(hub_.add(all));
  const auto other_zone = add({.event_zones = {"exit"}});
  const auto none = add({.events = false});
  const SampleResult sample;
  const ipc::Event event{
      .kind = EventKind::ZoneEnter, .width = 640, .height = 480, .zone = "entry", .object = {}};
  for (const PriorityClass priority :
       {PriorityClass::Important, PriorityClass::Important, PriorityClass::Critical}) {
    hub_.publish(SceneEvent{.session = sample.session,
                            .generation = 3,
                            .sequence = 77,
                            .priority = priority,
                            .event = event,
                            .label = "person"});
  }
  EXPECT_TRUE(other_zone->outbox().empty());
  EXPECT_TRUE(none->outbox().empty());
  ASSERT_EQ(all->outbox().messages(), 3U);
  const auto critical = all->take(monotonic_ns());
  EXPECT_EQ(critical->priority, PriorityClass::Critical);
  EXPECT_EQ(critical->payload->method, "event");
  EXPECT_EQ(critical->sequence, 1U) << "in the series of alerts";
  EXPECT_EQ(all->take(monotonic_ns())->sequence, 77U);
  EXPECT_EQ(hub_.scene_events_total()[static_cast<std::size_t>(EventKind::ZoneEnter)], 3U);
}

TEST_F(HubTest, WhoComesBackIsToldTheCriticalEventsThatHeMissedAndWants) {
  const SampleResult sample;
  const auto enter = [&](const std::string& zone, PriorityClass priority) {
    const ipc::Event event{
        .kind = EventKind::ZoneEnter, .width = 640, .height = 480, .zone = zone, .object = {}};
    hub_.publish(SceneEvent{.session = sample.session,
                            .generation = 3,
                            .sequence = 77,
                            .priority = priority,
                            .event = event,
                            .label = "person",
                            .attributes = R"({"coat":{"label":"red"}})"});
  };
  enter("entry", PriorityClass::Critical);
  enter("entry", PriorityClass::Important);
  enter("exit", PriorityClass::Critical);
  enter("entry", PriorityClass::Critical);
  const auto back = add({.event_zones = {"entry"}});
  subscriptions_.back().replay({{sample.session, {.alert = {3, 1}}}}, 100);
  ASSERT_EQ(back->outbox().messages(PriorityClass::Critical), 1U);
  const auto replayed = back->take(monotonic_ns());
  EXPECT_EQ(replayed->sequence, 3U);
  EXPECT_NE(replayed->payload->params_tail.find(R"("attributes":{"coat":{"label":"red"}})"),
            std::string::npos)
      << replayed->payload->params_tail;
}

}  // namespace
}  // namespace bulkhead::supervisor
