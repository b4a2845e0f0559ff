#include "worker/sandbox/landlock.hpp"

#include <gtest/gtest.h>

#include <string>

namespace bulkhead::worker {
namespace {

TEST(LandlockTest, ANewerKernelLeavesLessOpenAndTheNewestNothing) {
  EXPECT_EQ(landlock_gaps(1).size(), 3U);
  EXPECT_EQ(landlock_gaps(3).size(), 2U);
  EXPECT_EQ(landlock_gaps(4).size(), 1U);
  EXPECT_EQ(landlock_gaps(6).size(), 0U);
  EXPECT_EQ(landlock_gaps(99).size(), 0U);
}

TEST(LandlockTest, WhatItLeavesOpenIsSaidWithTheKernelThatWouldNot) {
  EXPECT_NE(landlock_gaps(3).front().find("TCP"), std::string::npos);
  EXPECT_NE(landlock_gaps(3).front().find("Linux 6.7"), std::string::npos);
  ASSERT_EQ(landlock_gaps(0).size(), 1U);
  EXPECT_NE(landlock_gaps(0).front().find("no Landlock"), std::string::npos);
}

}  // namespace
}  // namespace bulkhead::worker
