#include "ipc/priority_channel.hpp"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "common/limits.hpp"
#include "tests/unit/ipc/record_samples.hpp"

namespace bulkhead::ipc {
namespace {

class PriorityChannel : public ::testing::Test {
 protected:
  void SetUp() override {
    auto segment = ShmSegment::create();
    auto doorbell = Doorbell::create_pair();
    ASSERT_TRUE(segment && doorbell);
    segment_.emplace(std::move(*segment));
    doorbell_ = std::move(*doorbell);
    producer_.emplace(*segment_, doorbell_.second.get());
    consumer_.emplace(*segment_, doorbell_.first.get());
  }

  bool publish(PriorityClass priority, RecordBody body = Fatal{}) {
    Record record{.body = std::move(body)};
    return producer_->try_publish(priority, record);
  }

  /// How many records of the largest kind a ring takes before it refuses.
  std::size_t fill(PriorityClass priority) {
    std::size_t count = 0;
    while (publish(priority, sample_detection())) ++count;
    return count;
  }

  std::optional<ShmSegment> segment_;
  std::pair<UniqueFd, UniqueFd> doorbell_;
  std::optional<PriorityProducer> producer_;
  std::optional<PriorityConsumer> consumer_;
};

TEST_F(PriorityChannel, GivesTheHighestClassFirstAndEachInItsOrder) {
  for (const auto priority : {PriorityClass::Bulk, PriorityClass::Important, PriorityClass::Control,
                              PriorityClass::Critical, PriorityClass::Control}) {
    ASSERT_TRUE(publish(priority));
  }
  const std::vector<std::pair<PriorityClass, Sequence>> expected{{PriorityClass::Control, 3},
                                                                 {PriorityClass::Control, 5},
                                                                 {PriorityClass::Critical, 4},
                                                                 {PriorityClass::Important, 2},
                                                                 {PriorityClass::Bulk, 1}};
  for (const auto& [priority, sequence] : expected) {
    const auto taken = consumer_->try_take();
    ASSERT_TRUE(taken && *taken);
    EXPECT_EQ((*taken)->priority, priority);
    EXPECT_EQ((*taken)->record.sequence, sequence);
    EXPECT_GT((*taken)->record.publish_ns, 0);
  }
  const auto none = consumer_->try_take();
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->has_value());
}

TEST_F(PriorityChannel, UsesASequenceUpEvenWhenTheRingRefuses) {
  const std::size_t taken = fill(PriorityClass::Bulk);
  EXPECT_EQ(producer_->last_sequence(), taken + 1);
  EXPECT_GT(producer_->occupancy(PriorityClass::Bulk), 0.99);
  EXPECT_EQ(producer_->occupancy(PriorityClass::Important), 0);
}

TEST_F(PriorityChannel, IsNotBlockedInOneClassByAnotherThatIsFull) {
  fill(PriorityClass::Bulk);
  fill(PriorityClass::Important);
  EXPECT_TRUE(publish(PriorityClass::Critical));
  EXPECT_TRUE(publish(PriorityClass::Control));
  EXPECT_EQ((*consumer_->try_take())->priority, PriorityClass::Control);
}

TEST_F(PriorityChannel, OffersARefusedRecordAgainUnderItsNumber) {
  fill(PriorityClass::Critical);
  // As large as what fills the ring: a smaller one might still fit.
  Record refused{.body = sample_detection()};
  ASSERT_FALSE(producer_->try_publish(PriorityClass::Critical, refused));
  const Sequence number = refused.sequence;
  ASSERT_TRUE(*consumer_->try_take());
  ASSERT_TRUE(producer_->try_republish(PriorityClass::Critical, refused));
  EXPECT_EQ(producer_->last_sequence(), number);
  Sequence last = 0;
  for (auto taken = consumer_->try_take(); *taken; taken = consumer_->try_take()) {
    last = (*taken)->record.sequence;
  }
  EXPECT_EQ(last, number);
}

TEST_F(PriorityChannel, HoldsTheWorstCaseOfControlAtOnce) {
  ModelLoaded largest = sample_model();
  largest.card.name.assign(limits::kModelNameBytes, 'n');
  largest.card.family.assign(limits::kLabelBytes, 'f');
  largest.card.engine.assign(limits::kLabelBytes, 'e');
  largest.card.labels.assign(limits::kLabels, std::string(limits::kLabelBytes, 'l'));
  EXPECT_TRUE(publish(PriorityClass::Control, largest));
  for (int acks = 0; acks < 256; ++acks) {
    ASSERT_TRUE(publish(PriorityClass::Control, Ack{.text = std::string(512, 'x')})) << acks;
  }
}

TEST_F(PriorityChannel, LetsTheConsumerSleepOnlyWhenEveryClassIsEmpty) {
  EXPECT_TRUE(consumer_->prepare_sleep());
  consumer_->woken();
  ASSERT_TRUE(publish(PriorityClass::Bulk));
  EXPECT_FALSE(consumer_->prepare_sleep());
}

TEST_F(PriorityChannel, CallsARecordThatNoWorkerWritesCorrupt) {
  SpscRingProducer raw{segment_->result_ring(PriorityClass::Important)};
  ASSERT_TRUE(raw.try_push(std::vector<std::byte>(40, std::byte{0xEE})));
  const auto taken = consumer_->try_take();
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::Corrupt);
  EXPECT_NE(taken.error().message.find("IMPORTANT"), std::string::npos) << taken.error().message;
}

TEST_F(PriorityChannel, CallsAnImpossiblePositionCorrupt) {
  auto* layout =
      reinterpret_cast<SpscRingLayout*>(segment_->result_ring(PriorityClass::Bulk).data());
  layout->tail.store(1 << 30);
  EXPECT_EQ(consumer_->try_take().error().code, ErrorCode::Corrupt);
}

TEST_F(PriorityChannel, IsReadOnFromWhereAnotherReaderCameTo) {
  constexpr std::array kClasses{PriorityClass::Bulk, PriorityClass::Control, PriorityClass::Bulk,
                                PriorityClass::Important};
  // Often enough that each ring has come round.
  for (int round = 0; round < 1000; ++round) {
    for (const auto priority : kClasses) ASSERT_TRUE(publish(priority, sample_detection()));
    ASSERT_TRUE(*consumer_->try_take());
    consumer_.emplace(*segment_, doorbell_.first.get(), consumer_->positions());
    std::vector<Sequence> rest;
    for (auto taken = consumer_->try_take(); taken && *taken; taken = consumer_->try_take()) {
      rest.push_back((*taken)->record.sequence);
    }
    const auto base = static_cast<Sequence>(round) * kClasses.size();
    ASSERT_EQ(rest, (std::vector<Sequence>{base + 4, base + 1, base + 3}));
  }
}

}  // namespace
}  // namespace bulkhead::ipc
