#include "worker/snapshot/snapshot_stage.hpp"

#include <gtest/gtest.h>
#include <spdlog/logger.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/snapshot_limits.hpp"
#include "tests/support/pictures.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::worker {
namespace {

constexpr std::int64_t kPauseNs = std::chrono::nanoseconds{limits::kSnapshotPause}.count();

class SnapshotStageTest : public testing::Test {
 protected:
  /// Which of the frame's events got a picture. `zones` of those that want one, "" of one that
  /// wants none.
  std::vector<bool> frame(std::int64_t arrival_ns, const std::vector<std::string>& zones) {
    Frame picture = test::plain_i420(1, 64, 48, 128);
    picture.arrival_ns = arrival_ns;
    picture.capture_wall_ns = arrival_ns + 1;
    std::vector<ClassedEvent> events;
    for (const std::string& zone : zones) {
      ClassedEvent classed;
      classed.event.zone = zone;
      classed.wants_snapshot = !zone.empty();
      events.push_back(classed);
    }
    stage_.observe(picture, {}, events);
    std::vector<bool> has;
    for (const ClassedEvent& classed : events) has.push_back(classed.event.has_snapshot);
    return has;
  }

  [[nodiscard]] std::size_t pictures() {
    writer_.stop();
    std::size_t files = 0;
    if (!std::filesystem::exists(path_)) return 0;
    for (const auto& entry : std::filesystem::directory_iterator{path_}) {
      files += entry.is_regular_file() ? 1 : 0;
    }
    return files;
  }

  test::TempDir dir_;
  const std::filesystem::path path_ = dir_.path() / "snapshots";
  SnapshotWriter writer_{path_,
                         {.max_age_ns = INT64_MAX / 2, .max_bytes = 1 << 30},
                         std::make_shared<spdlog::logger>("none")};
  SnapshotStage stage_{writer_, {"person"}};
};

using Has = std::vector<bool>;

TEST_F(SnapshotStageTest, EventsOfAFrameThatWantAPictureShareOneAndOthersHaveNone) {
  EXPECT_EQ(frame(0, {"", "gate", "", "hall", "gate"}), (Has{false, true, false, true, true}));
  EXPECT_EQ(pictures(), 2U) << "one with boxes and one without";
}

TEST_F(SnapshotStageTest, NobodyWantsAPictureAndNoneIsTaken) {
  EXPECT_EQ(frame(0, {""}), Has{false});
  EXPECT_EQ(pictures(), 0U);
}

TEST_F(SnapshotStageTest, AZoneHasNoSecondPictureBeforeThePauseIsOver) {
  EXPECT_EQ(frame(5, {"gate"}), Has{true});
  EXPECT_EQ(frame(5 + kPauseNs - 1, {"gate"}), Has{false});
  EXPECT_EQ(frame(5 + kPauseNs, {"gate"}), Has{true});
}

TEST_F(SnapshotStageTest, ThePauseOfOneZoneIsNotThatOfAnother) {
  EXPECT_EQ(frame(0, {"gate"}), Has{true});
  EXPECT_EQ(frame(kPauseNs / 2, {"gate", "hall"}), (Has{true, true})) << "there is one anyhow";
  EXPECT_EQ(frame(kPauseNs, {"gate"}), Has{true}) << "its own was a pause ago";
  EXPECT_EQ(frame(kPauseNs, {"hall"}), Has{false});
}

}  // namespace
}  // namespace bulkhead::worker
