#include "supervisor/session/waiting_events.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "supervisor/session/zone_lists.hpp"

namespace bulkhead::supervisor {
namespace {

using Taken = ipc::PriorityConsumer::Taken;
using Sequences = std::vector<Sequence>;

Taken event(Sequence sequence, std::uint64_t frame_id) {
  return {.priority = ipc::PriorityClass::Important,
          .record = {.sequence = sequence,
                     .body = ipc::Event{.frame_id = frame_id, .zone = {}, .object = {}}}};
}

Sequences sequences_of(const std::vector<Taken>& events) {
  Sequences sequences;
  for (const Taken& taken : events) sequences.push_back(taken.record.sequence);
  return sequences;
}

TEST(WaitingEventsTest, AFrameTakesItsEventsAndThoseBeforeInTheOrderInWhichTheyHappened) {
  WaitingEvents waiting;
  // What is CRITICAL comes first, whatever came before it.
  for (const auto& [sequence, frame] : {std::pair{4, 2}, {7, 3}, {2, 1}, {3, 2}, {6, 3}}) {
    ASSERT_TRUE(
        waiting.add(event(static_cast<Sequence>(sequence), static_cast<std::uint64_t>(frame))));
  }
  EXPECT_EQ(sequences_of(waiting.take(2)), (Sequences{2, 3, 4}));
  EXPECT_EQ(sequences_of(waiting.take(2)), Sequences{});
  EXPECT_EQ(sequences_of(waiting.take_all()), (Sequences{6, 7}));
  EXPECT_TRUE(waiting.events().empty());
}

TEST(WaitingEventsTest, WhatIsThereAtTwoLooksHasNoResult) {
  WaitingEvents waiting;
  ASSERT_TRUE(waiting.add(event(1, 1)));
  ASSERT_TRUE(waiting.add(event(2, 2)));
  EXPECT_TRUE(waiting.take_left_over().empty());
  EXPECT_EQ(sequences_of(waiting.take(1)), Sequences{1});
  ASSERT_TRUE(waiting.add(event(3, 3)));
  EXPECT_EQ(sequences_of(waiting.take_left_over()), Sequences{2});
  EXPECT_EQ(sequences_of(waiting.take_left_over()), Sequences{3});
}

TEST(WaitingEventsTest, ThereAreSoManyAtMost) {
  WaitingEvents waiting;
  for (std::size_t i = 0; i < limits::kWaitingEvents; ++i)
    ASSERT_TRUE(waiting.add(event(i + 1, 1)));
  EXPECT_FALSE(waiting.add(event(9999, 1)));
  EXPECT_EQ(waiting.take_all().size(), limits::kWaitingEvents);
}

TEST(ZoneListsTest, AResultHasTheNamesOfItsOwnTime) {
  ZoneLists lists;
  EXPECT_EQ(lists.of(1), nullptr);
  lists.take(10, {"a"});
  lists.take(20, {"b", "c"});
  EXPECT_EQ(lists.of(10), nullptr) << "what came before";
  EXPECT_EQ(*lists.of(11), std::vector<std::string>{"a"});
  EXPECT_EQ(*lists.of(19), std::vector<std::string>{"a"});
  EXPECT_EQ(*lists.of(21), (std::vector<std::string>{"b", "c"}));
}

TEST(ZoneListsTest, PastTheirNumberTheOldestListLeaves) {
  ZoneLists lists;
  for (Sequence i = 1; i <= limits::kZoneListsKept + 1; ++i) lists.take(10 * i, {"z"});
  EXPECT_EQ(lists.kept().size(), limits::kZoneListsKept);
  EXPECT_EQ(lists.of(11), nullptr);
  EXPECT_NE(lists.of(21), nullptr);
}

}  // namespace
}  // namespace bulkhead::supervisor
