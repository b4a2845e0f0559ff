#include <gtest/gtest.h>

#include "supervisor/session/canary.hpp"

namespace bulkhead::supervisor {
namespace {

CanaryRule rule() { return {.frames = 100, .min_agreement = 0.9, .max_cost_ratio = 1.5}; }

CanaryFigures figures(std::uint64_t with_objects, double agreement, double cost_ratio) {
  return {.frames = 1000,
          .frames_with_objects = with_objects,
          .agreement = agreement,
          .cost_ratio = cost_ratio};
}

TEST(CanaryRule, IsOpenUntilSoManyFramesHadObjects) {
  EXPECT_EQ(judge(rule(), {}).verdict, CanaryVerdict::Open);
  EXPECT_EQ(judge(rule(), figures(99, 0, 9)).verdict, CanaryVerdict::Open);
  EXPECT_NE(judge(rule(), figures(100, 0, 9)).verdict, CanaryVerdict::Open);
}

TEST(CanaryRule, PassesAtItsLimitsAndFailsPastEach) {
  const auto passed = judge(rule(), figures(100, 0.9, 1.5));
  EXPECT_EQ(passed.verdict, CanaryVerdict::Pass);
  EXPECT_EQ(passed.text, "agreement 0.90 in 100 frames");
  const auto differs = judge(rule(), figures(100, 0.89, 1));
  EXPECT_EQ(differs.verdict, CanaryVerdict::Fail);
  EXPECT_EQ(differs.text, "agreement 0.89 in 100 frames, the rule asks for 0.90");
  const auto costs = judge(rule(), figures(100, 1, 1.51));
  EXPECT_EQ(costs.verdict, CanaryVerdict::Fail);
  EXPECT_EQ(costs.text, "cost ratio 1.51, the rule allows 1.50");
}

TEST(CanaryRule, WithoutALimitOfCostAsksForNone) {
  CanaryRule cheap = rule();
  cheap.max_cost_ratio.reset();
  EXPECT_EQ(judge(cheap, figures(100, 0.9, 99)).verdict, CanaryVerdict::Pass);
  CanaryFigures unknown = figures(100, 0.9, 1);
  unknown.cost_ratio.reset();
  EXPECT_EQ(judge(cheap, unknown).verdict, CanaryVerdict::Pass);
  EXPECT_EQ(judge(rule(), unknown).verdict, CanaryVerdict::Open);
}

TEST(CanaryFigures, SayNothingOfWhatIsNotKnown) {
  ipc::CanaryReport report;
  EXPECT_FALSE(figures_of(report, true).agreement);
  EXPECT_FALSE(figures_of(report, true).cost_ratio);
  report.frames = 3;
  report.frames_with_objects = 2;
  report.agreement = 0.5F;
  report.incumbent_cpu_us = 10;
  report.candidate_cpu_us = 25;
  EXPECT_EQ(figures_of(report, true).agreement, 0.5);
  EXPECT_EQ(figures_of(report, true).cost_ratio, 2.5);
  EXPECT_FALSE(figures_of(report, false).cost_ratio) << "an engine of several threads";
}

}  // namespace
}  // namespace bulkhead::supervisor
