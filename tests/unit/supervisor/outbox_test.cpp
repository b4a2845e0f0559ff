#include "supervisor/stream/outbox.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

namespace bulkhead::supervisor {
namespace {

using ipc::PriorityClass;

constexpr OutboxLimits kSmall{.messages = 4, .control_messages = 2, .bytes = 100, .gaps = 3};

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
          .sequence = sequence};
}

OutboxItem state(const std::string& name) {
  OutboxItem change = item(PriorityClass::Control, 0);
  change.session = session(name);
  change.is_state = true;
  return change;
}

TEST(OutboxTest, AtTheMessageLimitNothingIsLost) {
  Outbox outbox{kSmall};
  for (Sequence s = 1; s <= 4; ++s) {
    EXPECT_EQ(outbox.offer(item(PriorityClass::Important, s)), Outbox::Offer::Queued);
  }
  EXPECT_TRUE(outbox.take_gaps().empty());
  for (Sequence s = 1; s <= 4; ++s) EXPECT_EQ(outbox.take()->sequence, s);
  EXPECT_EQ(outbox.take(), std::nullopt);
}

TEST(OutboxTest, PastTheMessageLimitTheOldestGoesAndOneGapTellsTheRun) {
  Outbox outbox{kSmall};
  for (Sequence s = 1; s <= 4; ++s) (void)outbox.offer(item(PriorityClass::Important, s));
  EXPECT_EQ(outbox.offer(item(PriorityClass::Important, 5)), Outbox::Offer::DroppedOldest);
  EXPECT_EQ(outbox.offer(item(PriorityClass::Important, 8)), Outbox::Offer::DroppedOldest);

  const auto gaps = outbox.take_gaps();
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0].from, 1U);
  EXPECT_EQ(gaps[0].to, 2U);
  EXPECT_EQ(gaps[0].count, 2U);
  EXPECT_EQ(gaps[0].priority, PriorityClass::Important);
  EXPECT_EQ(outbox.dropped_total(PriorityClass::Important), 2U);
  EXPECT_EQ(outbox.messages(), 4U);
  EXPECT_EQ(outbox.take()->sequence, 3U);
}

TEST(OutboxTest, TheByteLimitHoldsAtItAndDropsPastIt) {
  Outbox outbox{kSmall};
  EXPECT_EQ(outbox.offer(item(PriorityClass::Bulk, 1, 60)), Outbox::Offer::Queued);
  EXPECT_EQ(outbox.offer(item(PriorityClass::Bulk, 2, 40)), Outbox::Offer::Queued);
  EXPECT_EQ(outbox.bytes(), 100U);
  EXPECT_EQ(outbox.offer(item(PriorityClass::Bulk, 3, 1)), Outbox::Offer::DroppedOldest);
  EXPECT_EQ(outbox.bytes(), 41U);
  EXPECT_EQ(outbox.take()->sequence, 2U);
}

TEST(OutboxTest, AMessageLargerThanTheWholeOutboxIsItselfDropped) {
  Outbox outbox{kSmall};
  EXPECT_EQ(outbox.offer(item(PriorityClass::Important, 1, 101)), Outbox::Offer::DroppedOldest);
  EXPECT_EQ(outbox.messages(), 0U);
  EXPECT_EQ(outbox.bytes(), 0U);
  EXPECT_EQ(outbox.take_gaps().at(0).count, 1U);
}

TEST(OutboxTest, EachClassHasBoundsOfItsOwn) {
  Outbox outbox{kSmall};
  for (Sequence s = 1; s <= 20; ++s) (void)outbox.offer(item(PriorityClass::Bulk, s));
  EXPECT_EQ(outbox.offer(item(PriorityClass::Important, 21)), Outbox::Offer::Queued);
  EXPECT_EQ(outbox.offer(item(PriorityClass::Critical, 22)), Outbox::Offer::Queued);
  EXPECT_EQ(outbox.messages(), 6U);
}

TEST(OutboxTest, CriticalMessagesAreNeverDroppedButOverflow) {
  Outbox outbox{kSmall};
  for (Sequence s = 1; s <= 4; ++s) (void)outbox.offer(item(PriorityClass::Critical, s));
  EXPECT_EQ(outbox.offer(item(PriorityClass::Critical, 5)), Outbox::Offer::Overflow);
  EXPECT_EQ(outbox.messages(), 4U);
  EXPECT_EQ(outbox.take()->sequence, 1U);
  EXPECT_EQ(outbox.dropped_total(PriorityClass::Critical), 0U);
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
    EXPECT_EQ(outbox.offer(state("flapping")), Outbox::Offer::DroppedOldest);
  }
  EXPECT_EQ(outbox.messages(), 2U);
  EXPECT_EQ(outbox.take()->session->text(), "steady");
  EXPECT_EQ(outbox.take()->session->text(), "flapping");
  const auto gaps = outbox.take_gaps();
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0].session->text(), "flapping");
  EXPECT_EQ(gaps[0].count, 100U);
}

TEST(OutboxTest, AStateOfASessionWithoutAnOlderOneOverflowsAtTheLimit) {
  Outbox outbox{kSmall};
  (void)outbox.offer(state("a"));
  (void)outbox.offer(state("b"));
  EXPECT_EQ(outbox.offer(state("c")), Outbox::Offer::Overflow);
}

TEST(OutboxTest, HigherClassesComeFirst) {
  Outbox outbox{kSmall};
  (void)outbox.offer(item(PriorityClass::Bulk, 1));
  (void)outbox.offer(item(PriorityClass::Important, 2));
  (void)outbox.offer(item(PriorityClass::Critical, 3));
  (void)outbox.offer(item(PriorityClass::Control, 4));
  EXPECT_EQ(outbox.top(), PriorityClass::Control);
  for (const Sequence s : {4U, 3U, 2U, 1U}) EXPECT_EQ(outbox.take()->sequence, s);
  EXPECT_EQ(outbox.top(), std::nullopt);
}

TEST(OutboxTest, OneOfSixteenTurnsGoesToTheLowestClassUnderAFlood) {
  Outbox outbox;
  for (Sequence s = 1; s <= 3; ++s) (void)outbox.offer(item(PriorityClass::Bulk, s));
  int bulk = 0;
  for (Sequence s = 0; s < 48; ++s) {
    (void)outbox.offer(item(PriorityClass::Important, 100 + s));
    bulk += outbox.take()->priority == PriorityClass::Bulk ? 1 : 0;
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
