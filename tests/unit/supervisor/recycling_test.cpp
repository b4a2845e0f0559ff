#include "supervisor/session/recycling.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr std::uint64_t kMegabyte = 1024 * 1024;

/// A worker of a made-up memory, looked at each second of a made-up clock.
class RecyclingTest : public testing::Test {
 protected:
  using MemoryAt = std::function<std::uint64_t(std::chrono::seconds)>;

  /// The reason that is found first, and when.
  std::optional<RecyclingReason> live(const RecyclingRule& rule, std::chrono::seconds lifetime,
                                      const MemoryAt& memory) {
    Recycling recycling{rule, RecyclingLimits{}, kStart.count()};
    for (age_ = 0s; age_ <= lifetime; age_ += 1s) {
      const std::int64_t now_ns = (kStart + nanoseconds{age_}).count();
      if (recycling.wants_sample(now_ns)) recycling.take_sample(now_ns, memory(age_));
      if (const auto reason = recycling.due(now_ns)) return reason;
    }
    return std::nullopt;
  }

  static constexpr nanoseconds kStart = 5h;
  static constexpr RecyclingRule kTenMegabytes{.max_growth_bytes_per_hour = 10 * kMegabyte};
  std::chrono::seconds age_{0};
};

std::uint64_t growing(std::uint64_t megabytes_per_hour, std::chrono::seconds age) {
  return 200 * kMegabyte +
         megabytes_per_hour * kMegabyte * static_cast<std::uint64_t>(age.count()) / 3600;
}

TEST_F(RecyclingTest, WithoutARuleNoWorkerIsEverDue) {
  EXPECT_FALSE(RecyclingRule{}.is_on());
  EXPECT_EQ(live({}, 48h, [](auto age) { return growing(1000, age); }), std::nullopt);
}

TEST_F(RecyclingTest, AWorkerIsDueAtItsAgeAndNotBefore) {
  EXPECT_EQ(live({.max_age = 24h}, 48h, [](auto) { return kMegabyte; }), RecyclingReason::Age);
  EXPECT_EQ(age_, 24h);
}

TEST_F(RecyclingTest, ALeakIsFoundOnceWarmUpAndSpanHavePassed) {
  EXPECT_EQ(live(kTenMegabytes, 48h, [](auto age) { return growing(20, age); }),
            RecyclingReason::Memory);
  EXPECT_EQ(age_, limits::kRecyclingWarmUp +
                      (limits::kRecyclingSamples - 1) * limits::kRecyclingSampleInterval);
}

TEST_F(RecyclingTest, GrowthThatIsAllowedIsNoLeak) {
  EXPECT_EQ(live(kTenMegabytes, 48h, [](auto age) { return growing(9, age); }), std::nullopt);
}

TEST_F(RecyclingTest, WhatAnEngineTakesAtItsStartIsNoLeak) {
  EXPECT_EQ(live(kTenMegabytes, 48h,
                 [](auto age) { return age < 9min ? growing(3000, age) : growing(3000, 9min); }),
            std::nullopt);
}

TEST_F(RecyclingTest, OneStepIsNoLeak) {
  EXPECT_EQ(
      live(kTenMegabytes, 48h, [](auto age) { return (age < 100min ? 200 : 500) * kMegabyte; }),
      std::nullopt)
      << "another resolution of the camera, say";
}

TEST_F(RecyclingTest, ASawToothIsNoLeak) {
  EXPECT_EQ(live(kTenMegabytes, 48h,
                 [](auto age) {
                   return static_cast<std::uint64_t>(200 + (age / 1min) % 7 * 30) * kMegabyte;
                 }),
            std::nullopt);
}

TEST_F(RecyclingTest, ALeakAmongBurstsIsFound) {
  EXPECT_EQ(live(kTenMegabytes, 48h,
                 [](auto age) {
                   const std::uint64_t burst = (age / 1min) % 6 == 0 ? 400 * kMegabyte : 0;
                   return growing(20, age) + burst;
                 }),
            RecyclingReason::Memory);
}

TEST_F(RecyclingTest, MemoryThatIsGivenBackIsNoLeak) {
  EXPECT_EQ(
      live(kTenMegabytes, 12h, [](auto age) { return 1000 * kMegabyte - growing(20, age) / 2; }),
      std::nullopt);
}

}  // namespace
}  // namespace bulkhead::supervisor
