#include "supervisor/log/tail_queue.hpp"

#include <gtest/gtest.h>

namespace bulkhead::supervisor {
namespace {

using Lines = std::vector<std::string>;

TEST(TailQueueTest, PastItsLinesTheOldestAreLostAndCounted) {
  TailQueue queue{{.lines = 2, .bytes = 100}};
  for (const char* line : {"one", "two"}) queue.push(line);
  EXPECT_EQ(queue.take_lost(), 0U);
  for (const char* line : {"three", "four"}) queue.push(line);
  EXPECT_EQ(queue.take_lost(), 2U);
  EXPECT_EQ(queue.take_lost(), 0U) << "told once";
  EXPECT_EQ(queue.take(100), (Lines{"three", "four"}));
  EXPECT_TRUE(queue.empty());
}

TEST(TailQueueTest, PastItsBytesTheOldestAreLostAndCounted) {
  TailQueue queue{{.lines = 100, .bytes = 6}};
  queue.push("123");
  queue.push("456");
  EXPECT_EQ(queue.take_lost(), 0U);
  queue.push("7");
  EXPECT_EQ(queue.take_lost(), 1U);
  queue.push("longer than all");
  EXPECT_EQ(queue.take_lost(), 3U);
  EXPECT_EQ(queue.take(100), Lines{});
}

TEST(TailQueueTest, GivesNoMoreThanIsAskedButAlwaysALine) {
  TailQueue queue{{}};
  for (const char* line : {"a long one", "b", "c", "d"}) queue.push(line);
  EXPECT_EQ(queue.take(3), (Lines{"a long one"}));
  EXPECT_EQ(queue.take(2), (Lines{"b", "c"}));
  EXPECT_EQ(queue.take(2), (Lines{"d"}));
  EXPECT_EQ(queue.take(2), Lines{});
}

}  // namespace
}  // namespace bulkhead::supervisor
