#include "supervisor/session/worker_readings.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>

namespace bulkhead::supervisor {
namespace {

TEST(WorkerReadings, AStageThatNoWorkerWritesIsNothing) {
  ipc::StatusPage page{};
  page.stage = static_cast<std::uint32_t>(ipc::Stage::Stopping);
  EXPECT_EQ(read_stage(page), ipc::Stage::Stopping);
  page.stage = static_cast<std::uint32_t>(ipc::Stage::Stopping) + 1;
  EXPECT_EQ(read_stage(page), std::nullopt);
  page.stage = std::numeric_limits<std::uint32_t>::max();
  EXPECT_EQ(read_stage(page), std::nullopt);
}

TEST(WorkerReadings, NoFrameYetHasNoAge) {
  const ipc::StatusPage page{};
  SessionCounters counters;
  read_counters(page, 5'000'000'000, counters);
  EXPECT_EQ(counters.last_frame_age_ms, -1);
}

TEST(WorkerReadings, TheAgeOfTheLastFrameIsNeverNegative) {
  ipc::StatusPage page{};
  SessionCounters counters;
  page.last_frame_ns = 4'000'000'000;
  read_counters(page, 5'000'000'000, counters);
  EXPECT_EQ(counters.last_frame_age_ms, 1000);
  page.last_frame_ns = std::numeric_limits<std::int64_t>::max();
  read_counters(page, 5'000'000'000, counters);
  EXPECT_EQ(counters.last_frame_age_ms, 0);
}

TEST(WorkerReadings, FramesThatWereInferredSkippedOrRestedAreToldApart) {
  ipc::StatusPage page{};
  page.frames_inferred_total = 1;
  page.frames_skipped_total = 2;
  page.frames_rested_total = 3;
  SessionCounters counters;
  read_counters(page, 1, counters);
  EXPECT_EQ(counters.frames_inferred_total, 1U);
  EXPECT_EQ(counters.frames_skipped_total, 2U);
  EXPECT_EQ(counters.frames_rested_total, 3U);
  EXPECT_EQ(read_progress(page, ipc::Stage::Inferring).frames_rested_total, 3U);
}

TEST(WorkerReadings, TheSupervisorsOwnCountsAreKept) {
  const ipc::StatusPage page{};
  SessionCounters counters;
  counters.results_received_total = 3;
  counters.results_expired_total = 2;
  read_counters(page, 1, counters);
  EXPECT_EQ(counters.results_received_total, 3U);
  EXPECT_EQ(counters.results_expired_total, 2U);
}

}  // namespace
}  // namespace bulkhead::supervisor
