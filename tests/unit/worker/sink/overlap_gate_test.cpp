#include "worker/sink/overlap_gate.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "common/sink_limits.hpp"
#include "tests/support/sink_record.hpp"

namespace bulkhead::worker {
namespace {

using test::sequences_of;

SinkRecord taken_at(std::int64_t time_ns, Sequence sequence) {
  SinkRecord record = test::sink_record(sequence);
  record.time_ns = time_ns;
  return record;
}

TEST(OverlapGateTest, TheOldWorkersRecordsCountUntilItEndsAndTheNewOnesFromThere) {
  OverlapGate old_worker{OverlapGate::State::Begun};
  OverlapGate new_worker{OverlapGate::State::Held};
  for (std::int64_t frame = 1; frame <= 6; ++frame) {
    EXPECT_FALSE(new_worker.offer(taken_at(frame, static_cast<Sequence>(frame))));
    const bool passes = frame > 4 || old_worker.offer(taken_at(frame, 100)).has_value();
    EXPECT_TRUE(passes);
  }
  EXPECT_EQ(old_worker.end_after(), 4);
  EXPECT_FALSE(old_worker.offer(taken_at(5, 101)));

  const auto begun = new_worker.begin(4);
  EXPECT_EQ(sequences_of(begun.records), (std::vector<Sequence>{5, 6}));
  EXPECT_EQ(begun.loss.count, 0U);
  EXPECT_TRUE(new_worker.offer(taken_at(7, 7)));
}

TEST(OverlapGateTest, AFrameThatComesLateButWasTakenBeforeIsTheOldWorkers) {
  OverlapGate gate{OverlapGate::State::Held};
  EXPECT_TRUE(gate.begin(100).records.empty());
  EXPECT_FALSE(gate.offer(taken_at(100, 1)));
  EXPECT_TRUE(gate.offer(taken_at(101, 2)));
}

TEST(OverlapGateTest, AWorkerThatReplacesNobodyCountsFromItsFirstFrame) {
  OverlapGate gate{OverlapGate::State::Begun};
  EXPECT_TRUE(gate.offer(taken_at(-5, 1)));
  EXPECT_TRUE(gate.begin(1000).records.empty());
  EXPECT_TRUE(gate.offer(taken_at(6, 2)));
}

TEST(OverlapGateTest, AsManyAreHeldAsTheLimitSaysAndPastItTheOldestIsTold) {
  OverlapGate gate{OverlapGate::State::Held};
  for (std::size_t i = 1; i <= limits::kHeldSinkRecords + 2; ++i) {
    (void)gate.offer(taken_at(static_cast<std::int64_t>(i), i));
  }
  const auto begun = gate.begin(0);
  EXPECT_EQ(begun.records.size(), limits::kHeldSinkRecords);
  EXPECT_EQ(begun.loss.count, 2U);
  EXPECT_EQ(begun.loss.to, 2U);
}

TEST(OverlapGateTest, WhatFellOffAndWasTheOldWorkersIsNotMissing) {
  OverlapGate gate{OverlapGate::State::Held};
  for (std::size_t i = 1; i <= limits::kHeldSinkRecords + 2; ++i) {
    (void)gate.offer(taken_at(static_cast<std::int64_t>(i), i));
  }
  EXPECT_EQ(gate.begin(2).loss.count, 0U);
}

TEST(OverlapGateTest, WhatIsHeldIsNoOlderThanTheLimit) {
  const std::int64_t limit_ns = std::chrono::nanoseconds{limits::kHeldSinkTime}.count();
  OverlapGate gate{OverlapGate::State::Held};
  (void)gate.offer(taken_at(1, 1));
  (void)gate.offer(taken_at(2, 2));
  (void)gate.offer(taken_at(limit_ns + 2, 3));
  EXPECT_EQ(sequences_of(gate.begin(0).records), (std::vector<Sequence>{2, 3}));
}

TEST(OverlapGateTest, AWorkerThatEndsWithoutHavingCountedSaysSo) {
  OverlapGate gate{OverlapGate::State::Held};
  (void)gate.offer(taken_at(5, 1));
  EXPECT_EQ(gate.end_after(), 0);
  EXPECT_TRUE(gate.begin(0).records.empty());
}

}  // namespace
}  // namespace bulkhead::worker
