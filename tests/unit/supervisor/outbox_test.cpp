#include "supervisor/stream/outbox.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace bulkhead::supervisor {
namespace {

using ipc::PriorityClass;

constexpr std::int64_t kNow = 1'000'000'000;
constexpr OutboxLimits kSmall{.messages = 10, .control_messages = 2, .gaps = 3};

std::shared_ptr<const SubscriptionId> session(const std::string& name) {
  return std::make_shared<const SubscriptionId>(SubscriptionId::parse(name).value());
}

const auto kCamera = session("cam");

OutboxItem item(PriorityClass priority, Sequence sequence, std::size_t bytes = 1) {
  return {.priority = priority,
          .payload = std::make_shared<const Message>(
              Message{.method = "detection", .params_tail = std::string(bytes, 'x')}),
          .session = kCamera,
          .generation = 1,
          .sequence = sequence,
          .at_ns = kNow};
}

OutboxItem state(const std::string& name) {
  OutboxItem change = item(PriorityClass::Control, 0);
  change.session = session(name);
  change.is_state = true;
  return change;
}

constexpr OutboxLimits kTen{.messages = 10, .bytes = 1000, .control_messages = 2, .gaps = 3};

std::vector<Sequence> waiting(Outbox& outbox) {
  std::vector<Sequence> sequences;
  while (const auto item = outbox.take(kNow)) sequences.push_back(item->sequence);
  return sequences;
}

OutboxItem of(const std::shared_ptr<const SubscriptionId>& name, OutboxItem item) {
  item.session = name;
  return item;
}

OutboxItem at(std::int64_t at_ns, OutboxItem item) {
  item.at_ns = at_ns;
  return item;
}

TEST(OutboxTest, BelowItsThresholdsNothingGivesWay) {
  Outbox outbox{kTen};
  for (Sequence s = 1; s <= 6; ++s) {
    EXPECT_EQ(outbox.offer(item(PriorityClass::Bulk, s)), Outbox::Offer::Queued);
  }
  EXPECT_EQ(outbox.pressure(), Pressure::None);
  EXPECT_TRUE(outbox.take_gaps().empty());
  EXPECT_EQ(waiting(outbox), (std::vector<Sequence>{1, 2, 3, 4, 5, 6}));
}

TEST(OutboxTest, FromSevenTenthsOnOnlyTheNewestBulkOfEachSessionIsKept) {
  Outbox outbox{kTen};
  const auto other = session("other");
  for (Sequence s = 1; s <= 5; ++s) (void)outbox.offer(item(PriorityClass::Bulk, s));
  (void)outbox.offer(of(other, item(PriorityClass::Bulk, 6)));
  EXPECT_EQ(outbox.offer(item(PriorityClass::Bulk, 7)), Outbox::Offer::Dropped);
  EXPECT_EQ(outbox.messages(), 2U);
  const auto gaps = outbox.take_gaps();
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0].from, 1U);
  EXPECT_EQ(gaps[0].to, 5U);
  EXPECT_EQ(gaps[0].count, 5U);
  EXPECT_EQ(waiting(outbox), (std::vector<Sequence>{6, 7}));
}

TEST(OutboxTest, FromNineTenthsOnBulkIsGoneAndTheOldestImportantLeaves) {
  Outbox outbox{kTen};
  for (Sequence s = 1; s <= 2; ++s) (void)outbox.offer(item(PriorityClass::Bulk, s));
  for (Sequence s = 3; s <= 9; ++s) (void)outbox.offer(item(PriorityClass::Important, s));
  EXPECT_EQ(outbox.messages(PriorityClass::Bulk), 1U);
  EXPECT_EQ(outbox.offer(item(PriorityClass::Important, 10)), Outbox::Offer::Queued);
  EXPECT_EQ(outbox.messages(PriorityClass::Bulk), 0U) << "first all BULK";
  EXPECT_EQ(outbox.messages(PriorityClass::Important), 8U);
  EXPECT_EQ(outbox.offer(item(PriorityClass::Bulk, 11)), Outbox::Offer::Dropped);
  EXPECT_EQ(outbox.offer(item(PriorityClass::Important, 12)), Outbox::Offer::Dropped);
  EXPECT_EQ(waiting(outbox), (std::vector<Sequence>{4, 5, 6, 7, 8, 9, 10, 12}));
  EXPECT_EQ(outbox.dropped_total(PriorityClass::Important), 1U);
  EXPECT_EQ(outbox.dropped_total(PriorityClass::Bulk), 3U);
}

TEST(OutboxTest, PressureEndsBelowHalfAndNotBefore) {
  Outbox outbox{kTen};
  for (Sequence s = 1; s <= 9; ++s) (void)outbox.offer(item(PriorityClass::Important, s));
  EXPECT_EQ(outbox.pressure(), Pressure::Shedding);
  while (outbox.messages() >= 7) (void)outbox.take(kNow);
  EXPECT_EQ(outbox.pressure(), Pressure::Pressed);
  while (outbox.messages() >= 5) (void)outbox.take(kNow);
  EXPECT_EQ(outbox.pressure(), Pressure::None);
}

TEST(OutboxTest, BytesAndAgeFillAnOutboxAsMessagesDo) {
  Outbox outbox{kTen};
  for (Sequence s = 1; s <= 3; ++s) (void)outbox.offer(item(PriorityClass::Important, s, 290));
  EXPECT_EQ(outbox.pressure(), Pressure::Pressed);
  EXPECT_EQ(outbox.offer(item(PriorityClass::Important, 4, 290)), Outbox::Offer::Dropped);
  EXPECT_EQ(outbox.bytes(), 870U);

  Outbox old{kTen};
  (void)old.offer(item(PriorityClass::Important, 1));
  const std::int64_t later = kNow + std::chrono::nanoseconds{limits::kOutboxAge}.count();
  EXPECT_EQ(old.offer(at(later, item(PriorityClass::Important, 2))), Outbox::Offer::Dropped);
  EXPECT_EQ(old.take(later)->sequence, 2U);
}

TEST(OutboxTest, AMessageLargerThanTheWholeOutboxIsItselfDropped) {
  Outbox outbox{kTen};
  EXPECT_EQ(outbox.offer(item(PriorityClass::Important, 1, 1001)), Outbox::Offer::Dropped);
  EXPECT_EQ(outbox.messages(), 0U);
  EXPECT_EQ(outbox.bytes(), 0U);
  EXPECT_EQ(outbox.take_gaps().at(0).count, 1U);
}

TEST(OutboxTest, CriticalTakesThePlaceOfWhatMayGiveWayAndThenOverflows) {
  Outbox outbox{kTen};
  (void)outbox.offer(item(PriorityClass::Bulk, 1));
  for (Sequence s = 2; s <= 8; ++s) (void)outbox.offer(item(PriorityClass::Important, s));
  for (Sequence s = 11; s <= 20; ++s) {
    EXPECT_NE(outbox.offer(item(PriorityClass::Critical, s)), Outbox::Offer::Overflow);
  }
  EXPECT_EQ(outbox.messages(PriorityClass::Critical), 10U);
  EXPECT_EQ(outbox.messages(), 10U);
  EXPECT_EQ(outbox.offer(item(PriorityClass::Critical, 21)), Outbox::Offer::Overflow);
  EXPECT_EQ(outbox.dropped_total(PriorityClass::Critical), 0U);
}

TEST(OutboxTest, EachPolicyGivesWayInItsOwnFashion) {
  const auto fill = [](StreamPolicy policy) {
    Outbox outbox{kTen, policy};
    Outbox::Offer last{};
    for (Sequence s = 1; s <= 12; ++s) last = outbox.offer(item(PriorityClass::Important, s));
    return std::pair{last, waiting(outbox)};
  };
  using Kept = std::vector<Sequence>;
  EXPECT_EQ(fill({.important = {OverflowPolicy::DropOldest}}).second,
            (Kept{5, 6, 7, 8, 9, 10, 11, 12}));
  EXPECT_EQ(fill({.important = {OverflowPolicy::DropNewest}}).second,
            (Kept{1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(fill({.important = {OverflowPolicy::Error}}).first, Outbox::Offer::Overflow);
  const auto second = std::chrono::milliseconds{1000};
  EXPECT_EQ(fill({.important = {OverflowPolicy::Block, second}}).second,
            (Kept{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}))
      << "the last tenth is for who catches up in time";
}

TEST(OutboxTest, AnImportantOneThatIsCoalescedTakesThePlaceOfItsSessionsOldest) {
  Outbox outbox{kTen, {.important = {OverflowPolicy::Coalesce}}};
  const auto other = session("other");
  (void)outbox.offer(of(other, item(PriorityClass::Important, 1)));
  for (Sequence s = 2; s <= 8; ++s) (void)outbox.offer(item(PriorityClass::Important, s));
  EXPECT_EQ(outbox.offer(of(other, item(PriorityClass::Important, 9))), Outbox::Offer::Dropped);
  EXPECT_EQ(waiting(outbox), (std::vector<Sequence>{2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(OutboxTest, BlockEndsWhenItsTimeIsOver) {
  const auto limit = std::chrono::milliseconds{100};
  Outbox outbox{kTen, {.important = {OverflowPolicy::Block, limit}}};
  for (Sequence s = 1; s <= 9; ++s) (void)outbox.offer(item(PriorityClass::Important, s));
  const std::int64_t late = kNow + std::chrono::nanoseconds{limit}.count();
  EXPECT_EQ(outbox.offer(at(late - 1, item(PriorityClass::Important, 10))), Outbox::Offer::Queued);
  EXPECT_EQ(outbox.take(kNow)->sequence, 1U);
  EXPECT_EQ(outbox.offer(at(late, item(PriorityClass::Important, 11))), Outbox::Offer::Dropped);
}

TEST(OutboxTest, TheTimeThatOneClassWasBlockedIsNotThatOfTheOther) {
  const ClassPolicy block{OverflowPolicy::Block, std::chrono::milliseconds{100}};
  Outbox outbox{kTen, {.important = block, .bulk = block}};
  for (Sequence s = 1; s <= 7; ++s) (void)outbox.offer(item(PriorityClass::Bulk, s));
  const std::int64_t late = kNow + std::chrono::nanoseconds{block.block_limit}.count();
  EXPECT_EQ(outbox.offer(at(late, item(PriorityClass::Bulk, 8))), Outbox::Offer::Dropped);
  (void)outbox.offer(at(late, item(PriorityClass::Important, 9)));
  (void)outbox.offer(at(late, item(PriorityClass::Important, 10)));
  for (Sequence s = 11; s <= 17; ++s)
    (void)outbox.offer(at(late, item(PriorityClass::Important, s)));
  EXPECT_EQ(outbox.pressure(), Pressure::Shedding);
  EXPECT_EQ(outbox.offer(at(late, item(PriorityClass::Important, 18))), Outbox::Offer::Queued);
}

TEST(OutboxTest, WhatOutlivesItsTimeLeavesWithAGapThatSaysSo) {
  Outbox outbox{kTen, {.time_to_live = std::chrono::milliseconds{1}}};
  (void)outbox.offer(item(PriorityClass::Important, 1));
  (void)outbox.offer(item(PriorityClass::Critical, 2));
  EXPECT_TRUE(outbox.expire(kNow + 1'000'000));
  EXPECT_EQ(outbox.messages(), 2U) << "at the limit it may stay";
  EXPECT_TRUE(outbox.expire(kNow + 1'000'001));
  EXPECT_EQ(waiting(outbox), (std::vector<Sequence>{2})) << "CRITICAL has no such limit";
  EXPECT_EQ(outbox.take_gaps().at(0).reason, GapReason::Expired);
}

TEST(OutboxTest, ASlowClientsCapacityIsWhatItReadsInTimeWithinBounds) {
  Outbox outbox;
  outbox.adapt(100);
  EXPECT_EQ(outbox.capacity(), 500U);
  outbox.adapt(1);
  EXPECT_EQ(outbox.capacity(), 100U);
  outbox.adapt(1e6);
  EXPECT_EQ(outbox.capacity(), 1000U);
  outbox.adapt(1);
  outbox.adapt(0);
  EXPECT_EQ(outbox.capacity(), 1000U) << "it takes all it is given";
  Outbox pinned{{.adapts = false}};
  pinned.adapt(1);
  EXPECT_EQ(pinned.capacity(), 1000U);
}

TEST(OutboxTest, ControlOverflowsAtItsOwnSmallerLimit) {
  Outbox outbox{kSmall};
  EXPECT_EQ(outbox.offer(item(PriorityClass::Control, 1)), Outbox::Offer::Queued);
  EXPECT_EQ(outbox.offer(item(PriorityClass::Control, 2)), Outbox::Offer::Queued);
  EXPECT_EQ(outbox.offer(item(PriorityClass::Control, 3)), Outbox::Offer::Overflow);
  EXPECT_EQ(outbox.messages(), 2U);
}

TEST(OutboxTest, AFlappingSessionReplacesItsOwnStatesAndCostsNobodyElse) {
  Outbox outbox{kSmall};
  (void)outbox.offer(state("steady"));
  (void)outbox.offer(state("flapping"));
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(outbox.offer(state("flapping")), Outbox::Offer::Dropped);
  }
  EXPECT_EQ(outbox.messages(), 2U);
  EXPECT_EQ(outbox.take(kNow)->session->text(), "steady");
  EXPECT_EQ(outbox.take(kNow)->session->text(), "flapping");
  const auto gaps = outbox.take_gaps();
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0].session->text(), "flapping");
  EXPECT_EQ(gaps[0].count, 100U);
}

TEST(OutboxTest, AFleetThatChangesItsStateAtOnceCostsNoReaderItsStream) {
  Outbox outbox;
  const auto change_all = [&] {
    for (int camera = 0; camera < 500; ++camera) {
      ASSERT_NE(outbox.offer(state("cam-" + std::to_string(camera))), Outbox::Offer::Overflow);
    }
  };
  change_all();
  EXPECT_EQ(outbox.untold_gaps(), 0U);
  change_all();
  EXPECT_EQ(outbox.messages(), 500U) << "beyond the reserve, the newest of each";
  EXPECT_EQ(outbox.untold_gaps(), 500U);
  change_all();
  EXPECT_EQ(outbox.messages(), 500U);
}

TEST(OutboxTest, MoreSessionsThanThereCanBeOverflow) {
  Outbox outbox{{.control_messages = 2, .control_sessions = 1}};
  for (const char* name : {"a", "b", "c"}) {
    EXPECT_EQ(outbox.offer(state(name)), Outbox::Offer::Queued);
  }
  EXPECT_EQ(outbox.offer(state("d")), Outbox::Offer::Overflow);
  EXPECT_EQ(outbox.offer(state("c")), Outbox::Offer::Dropped) << "it has one that gives way";
  EXPECT_EQ(outbox.messages(), 3U);
}

TEST(OutboxTest, StatesThatWereTakenGiveWayToNone) {
  Outbox outbox{kSmall};
  (void)outbox.offer(state("a"));
  (void)outbox.take(kNow);
  (void)outbox.offer(state("b"));
  (void)outbox.offer(state("c"));
  EXPECT_EQ(outbox.offer(state("a")), Outbox::Offer::Queued);
  EXPECT_EQ(outbox.untold_gaps(), 0U);
}

TEST(OutboxTest, HigherClassesComeFirst) {
  Outbox outbox{kSmall};
  (void)outbox.offer(item(PriorityClass::Bulk, 1));
  (void)outbox.offer(item(PriorityClass::Important, 2));
  (void)outbox.offer(item(PriorityClass::Critical, 3));
  (void)outbox.offer(item(PriorityClass::Control, 4));
  EXPECT_EQ(outbox.top(), PriorityClass::Control);
  for (const Sequence s : {4U, 3U, 2U, 1U}) EXPECT_EQ(outbox.take(kNow)->sequence, s);
  EXPECT_EQ(outbox.top(), std::nullopt);
}

TEST(OutboxTest, OneOfSixteenTurnsGoesToTheLowestClassUnderAFlood) {
  Outbox outbox;
  for (Sequence s = 1; s <= 3; ++s) (void)outbox.offer(item(PriorityClass::Bulk, s));
  int bulk = 0;
  for (Sequence s = 0; s < 48; ++s) {
    (void)outbox.offer(item(PriorityClass::Important, 100 + s));
    bulk += outbox.take(kNow)->priority == PriorityClass::Bulk ? 1 : 0;
  }
  EXPECT_EQ(bulk, 3);
}

TEST(OutboxTest, GapsOfDifferentSessionsGenerationsClassesAndReasonsStayApart) {
  Outbox outbox;
  const OutboxGap gap{.session = kCamera, .generation = 1, .from = 5, .to = 6, .count = 2};
  OutboxGap other = gap;
  EXPECT_EQ(outbox.offer_gap(gap), Outbox::Offer::Queued);
  other.session = session("other");
  EXPECT_EQ(outbox.offer_gap(other), Outbox::Offer::Queued);
  other = gap;
  other.generation = 2;
  EXPECT_EQ(outbox.offer_gap(other), Outbox::Offer::Queued);
  other = gap;
  other.priority = PriorityClass::Bulk;
  EXPECT_EQ(outbox.offer_gap(other), Outbox::Offer::Queued);
  other = gap;
  other.reason = GapReason::WorkerQueueFull;
  EXPECT_EQ(outbox.offer_gap(other), Outbox::Offer::Queued);
  EXPECT_FALSE(outbox.empty());

  other = gap;
  other.from = 9;
  other.to = 9;
  other.count = 1;
  EXPECT_EQ(outbox.offer_gap(other), Outbox::Offer::Queued);
  const auto gaps = outbox.take_gaps();
  EXPECT_EQ(gaps.size(), 5U);
  EXPECT_TRUE(std::any_of(gaps.begin(), gaps.end(), [](const OutboxGap& g) {
    return g.from == 5 && g.to == 9 && g.count == 3;
  }));
  EXPECT_TRUE(outbox.empty());
}

TEST(OutboxTest, MoreUntoldGapsThanTheLimitOverflow) {
  Outbox outbox{kSmall};
  for (Generation g = 1; g <= 3; ++g) {
    EXPECT_EQ(outbox.offer_gap({.session = kCamera, .generation = g, .count = 1}),
              Outbox::Offer::Queued);
  }
  EXPECT_EQ(outbox.offer_gap({.session = kCamera, .generation = 4, .count = 1}),
            Outbox::Offer::Overflow);
}

}  // namespace
}  // namespace bulkhead::supervisor
