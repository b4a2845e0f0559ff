#include "common/token_bucket.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "common/clock.hpp"

namespace bulkhead {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kFilled = 1'000 * kNsPerSecond;
constexpr std::int64_t kHalfSecond = kNsPerSecond / 2;

/// How many tokens can be taken at this time.
int take_all(TokenBucket& bucket, std::int64_t now_ns) {
  int taken = 0;
  while (bucket.ready_ns(now_ns) <= now_ns) {
    bucket.take(now_ns);
    ++taken;
  }
  return taken;
}

TEST(TokenBucketTest, GivesItsBurstAtOnceAndThenOneTokenEachInterval) {
  TokenBucket bucket{2, 2s};
  EXPECT_EQ(bucket.tokens(kFilled), 4);
  EXPECT_EQ(take_all(bucket, kFilled), 4);
  EXPECT_EQ(bucket.tokens(kFilled), 0);
  EXPECT_EQ(bucket.ready_ns(kFilled), kFilled + kHalfSecond);
  EXPECT_EQ(take_all(bucket, kFilled + kHalfSecond - 1), 0);
  EXPECT_EQ(take_all(bucket, kFilled + kHalfSecond), 1);
  EXPECT_EQ(bucket.ready_ns(kFilled + kHalfSecond), kFilled + 2 * kHalfSecond);
}

TEST(TokenBucketTest, APauseFillsItUpToTheBurstAndNoFurther) {
  TokenBucket bucket{2, 2s};
  take_all(bucket, kFilled);
  EXPECT_EQ(bucket.tokens(kFilled + 3 * kHalfSecond), 3);
  EXPECT_FALSE(bucket.is_full(kFilled + 4 * kHalfSecond - 1));
  EXPECT_TRUE(bucket.is_full(kFilled + 4 * kHalfSecond));
  EXPECT_EQ(take_all(bucket, kFilled + 3600 * kNsPerSecond), 4);
}

TEST(TokenBucketTest, HoldsOneTokenWhereItsBurstIsShorterThanOneInterval) {
  TokenBucket bucket{0.1, 2s};
  EXPECT_EQ(take_all(bucket, kFilled), 1);
  EXPECT_EQ(bucket.ready_ns(kFilled), kFilled + 10 * kNsPerSecond);
}

TEST(TokenBucketTest, ATokenTakenAheadIsMissingForEverybodyElse) {
  TokenBucket bucket{2, 1ms};
  take_all(bucket, kFilled);
  bucket.take(bucket.ready_ns(kFilled));
  EXPECT_EQ(bucket.ready_ns(kFilled), kFilled + 2 * kHalfSecond);
}

}  // namespace
}  // namespace bulkhead
