#include "worker/source/file_source.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "tests/support/attempt.hpp"
#include "tests/support/made_clip.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;
using test::Attempt;

constexpr Attempt::Ring kLossless{.frames = 2, .when_full = WhenFull::Block};
constexpr FileSource::Playback kFlatOut{.pace = Pace::FlatOut};

class FileSourceTest : public ::testing::Test {
 protected:
  void SetUp() override { test::start_gstreamer(); }

  std::filesystem::path clip(const test::MadeClip& made, const std::string& name = "clip.mp4") {
    test::make_clip(folder_.path() / name, made);
    return folder_.path() / name;
  }

  test::TempDir folder_;
};

// How many frames come until the source ends, and how it ends.
std::pair<int, ErrorCode> play_to_end(Attempt& attempt, int expected) {
  int frames = 0;
  while (frames < expected && attempt.next_frame()) ++frames;
  return {frames, attempt.end().code};
}

TEST_F(FileSourceTest, FlatOutEveryPictureArrivesOnceThenTheEnd) {
  const auto file = clip({.width = 322, .height = 242, .pictures = 50});
  Attempt attempt{FileSource::create(file, kFlatOut), kLossless};
  EXPECT_EQ(play_to_end(attempt, 50), std::pair(50, ErrorCode::EndOfStream));
  EXPECT_EQ(attempt.counters().decoded_total, 50U);
  EXPECT_EQ(attempt.counters().received_total, 50U);
  EXPECT_LT(attempt.lasted(), 4s);  // 5 s of pictures
}

TEST_F(FileSourceTest, FlatOutWaitsForASlowReaderWithoutCallingItAStall) {
  const auto file = clip({.pictures = 10});
  const SourceLimits limits{.first_frame = 5s, .stall = 50ms};
  Attempt attempt{FileSource::create(file, kFlatOut, limits), kLossless};
  ASSERT_TRUE(attempt.next_frame());
  std::this_thread::sleep_for(300ms);  // the reader's own slowness, not a wait for something
  EXPECT_EQ(play_to_end(attempt, 9), std::pair(9, ErrorCode::EndOfStream));
}

TEST_F(FileSourceTest, AtItsOwnPaceAClipTakesAsLongAsItSays) {
  const auto file = clip({.pictures = 10, .fps = 10});
  Attempt attempt{FileSource::create(file, {}), {.frames = 64}};
  EXPECT_EQ(play_to_end(attempt, 10), std::pair(10, ErrorCode::EndOfStream));
  EXPECT_GT(attempt.lasted(), 850ms);
}

TEST_F(FileSourceTest, AnElementaryStreamHasAPaceToo) {
  const auto file =
      clip({.pictures = 10,
            .fps = 10,
            .encoder = "x264enc key-int-max=10 bframes=0 ! video/x-h264,stream-format=byte-stream",
            .container = "identity"},
           "clip.264");
  Attempt attempt{FileSource::create(file, {}), {.frames = 64}};
  EXPECT_EQ(play_to_end(attempt, 10), std::pair(10, ErrorCode::EndOfStream));
  EXPECT_GT(attempt.lasted(), 850ms);
}

TEST_F(FileSourceTest, ALoopedClipGoesOnFromTheStart) {
  const auto file = clip({.pictures = 10});
  Attempt attempt{FileSource::create(file, {.pace = Pace::FlatOut, .loop = true}), kLossless};
  for (std::uint64_t id = 1; id <= 35; ++id) {
    const auto frame = attempt.next_frame();
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->id, id);
  }
  EXPECT_TRUE(attempt.stop());
}

TEST_F(FileSourceTest, AStopReleasesASourceThatWaitsForTheRing) {
  const auto file = clip({.pictures = 50});
  Attempt attempt{FileSource::create(file, kFlatOut), kLossless};
  ASSERT_TRUE(attempt.next_frame());
  EXPECT_TRUE(attempt.stop());
}

TEST_F(FileSourceTest, AMissingClipIsNotFound) {
  EXPECT_EQ(FileSource::create(folder_.path() / "none.mp4", {}).error().code, ErrorCode::NotFound);
}

TEST_F(FileSourceTest, TextIsNoClip) {
  const auto file = folder_.write("clip.mp4", std::string(5000, 'x'));
  EXPECT_EQ(Attempt{FileSource::create(file, {})}.end().code, ErrorCode::UnsupportedCodec);
}

TEST_F(FileSourceTest, ATruncatedClipIsAnErrorAndNoCrash) {
  const auto file = clip({.pictures = 50});
  std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
  // Often, because the error races with the start of the pipeline.
  for (int i = 0; i < 50; ++i) {
    Attempt attempt{FileSource::create(file, {})};
    EXPECT_EQ(attempt.end().code, ErrorCode::DecodeError);
  }
}

TEST_F(FileSourceTest, AClipWithoutVideoIsNoVideo) {
  const auto file = folder_.path() / "sound.avi";
  test::make_sound(file);
  EXPECT_EQ(Attempt{FileSource::create(file, {})}.end().code, ErrorCode::NoVideo);
}

#ifdef BULKHEAD_TEST_CLIPS
TEST_F(FileSourceTest, RealClipsOfEachContainerPlay) {
  const std::filesystem::path clips = BULKHEAD_TEST_CLIPS;
  for (const auto& [name, width] : {std::pair{"video/vtest.avi", 768U},
                                    {"video/car-detection.mp4", 768U},
                                    {"video/ocv4nodejs_traffic.mp4", 640U},
                                    {"streams/h264/BA1_FT_C.264", 352U},
                                    {"streams/h265/girlshy.h265", 316U}}) {
    Attempt attempt{FileSource::create(clips / name, kFlatOut), kLossless};
    const auto frame = attempt.next_frame();
    ASSERT_TRUE(frame) << name;
    EXPECT_EQ(frame->width, width) << name;
    EXPECT_TRUE(attempt.stop());
  }
}
#endif

}  // namespace
}  // namespace bulkhead::worker
