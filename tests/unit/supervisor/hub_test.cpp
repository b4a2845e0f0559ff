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
  const auto first = one->outbox().take();
  const auto second = two->outbox().take();
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
  const auto whole_item = whole->outbox().take();
  const auto cars_item = cars->outbox().take();
  EXPECT_EQ(weak->outbox().take()->payload, whole_item->payload);
  EXPECT_EQ(same_cars->outbox().take()->payload, cars_item->payload);
  EXPECT_EQ(objects_in(*whole_item), 2U);
  EXPECT_EQ(objects_in(*cars_item), 1U);
}

TEST_F(HubTest, AFrameLeftEmptyByItsFilterIsBulkOrNotSentAtAll) {
  const auto birds = add({.objects = {.labels = {"bird"}}});
  const auto only_birds = add({.objects = {.labels = {"bird"}}, .empty_frames = false});
  SampleResult sample;
  sample.detection.objects = {car(0.9F)};
  hub_.publish(sample.event());
  EXPECT_EQ(birds->outbox().take()->priority, PriorityClass::Bulk);
  EXPECT_TRUE(only_birds->outbox().empty());
}

TEST_F(HubTest, AWorkerCannotPutDetectionsAmongStateChangesAndAlerts) {
  const auto stream = add();
  SampleResult sample;
  sample.detection.objects = {car(0.9F)};
  for (const PriorityClass claimed : ipc::kAllPriorityClasses) {
    sample.priority = claimed;
    hub_.publish(sample.event());
    EXPECT_EQ(stream->outbox().take()->priority,
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
  EXPECT_EQ(no_detections->outbox().take()->priority, PriorityClass::Control);
  EXPECT_EQ(no_states->outbox().messages(), 1U);
  EXPECT_EQ(no_states->outbox().take()->payload->method, "detection");
}

TEST_F(HubTest, ResultsAreWantedByWhoWouldBeGivenThem) {
  const auto one = SubscriptionId::parse("one").value();
  const auto two = SubscriptionId::parse("two").value();
  EXPECT_FALSE(hub_.wants_results(one));
  add({.detections = false});
  EXPECT_FALSE(hub_.wants_results(one)) << "states and alerts are no wish for results";
  add({.sessions = {one}});
  EXPECT_TRUE(hub_.wants_results(one));
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
  const auto gaps = stream->outbox().take_gaps();
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0].reason, GapReason::WorkerQueueFull);
  EXPECT_EQ(gaps[0].from, 3U);
  EXPECT_EQ(gaps[0].to, 5U);
}

TEST_F(HubTest, AStreamLeavesWithItsSubscriptionAndItsDropsStayCounted) {
  auto stream = std::make_shared<Stream>(
      "s1", StreamFilter{}, [] {}, OutboxLimits{.messages = 1});
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
  EXPECT_GE(hub_.latencies().at(sample.session).sum_seconds(), 0.02);
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
  const auto item = everything->outbox().take();
  ASSERT_TRUE(item);
  EXPECT_EQ(item->priority, PriorityClass::Critical);
  EXPECT_EQ(item->payload->method, "system.alert");
  EXPECT_TRUE(no_alerts->outbox().empty());
  EXPECT_TRUE(other->outbox().empty());
}

}  // namespace
}  // namespace bulkhead::supervisor
