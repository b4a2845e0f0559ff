#include "worker/source/pipeline_run.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <latch>

#include "tests/support/attempt.hpp"
#include "worker/frame/frame_ring.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;

/// A pipeline whose thread sits in an element until it is let go, like one in a broken driver.
struct HungPipeline {
  std::latch entered{1};
  std::promise<void> let_go;
  std::latch left{1};

  static void on_buffer(GstElement*, GstBuffer*, gpointer self) {
    auto* hung = static_cast<HungPipeline*>(self);
    hung->entered.count_down();
    hung->let_go.get_future().wait();
    hung->left.count_down();
  }
};

TEST(PipelineRunTest, APipelineThatDoesNotStopIsAbandonedWithinTheLimit) {
  test::start_gstreamer();
  HungPipeline hung;
  GstOwned<GstElement> pipeline{GST_ELEMENT(gst_object_ref_sink(
      gst_parse_launch("filesrc location=/dev/zero num-buffers=1 ! identity name=hang "
                       "signal-handoffs=true ! appsink",
                       nullptr)))};
  const GstOwned<GstElement> identity{gst_bin_get_by_name(GST_BIN(pipeline.get()), "hang")};
  g_signal_connect(identity.get(), "handoff", G_CALLBACK(HungPipeline::on_buffer), &hung);

  FrameRing ring{1, WhenFull::DropOldest};
  CaptureCounters counters;
  FrameOutlet outlet{ring, counters, {}};
  const SourceLimits limits{.teardown = 200ms};
  std::stop_source stop;
  auto ended = std::async(std::launch::async, [&, tap = std::make_shared<PictureTap>(outlet)] {
    PipelineRun run{std::move(pipeline), tap, limits};
    return run.play(
        PipelineRun::Begin::Connected, [](GstMessage*) { return std::nullopt; }, stop.get_token());
  });
  hung.entered.wait();
  stop.request_stop();
  ASSERT_EQ(ended.wait_for(test::kHangLimit), std::future_status::ready);
  EXPECT_EQ(ended.get().error().code, ErrorCode::WorkerHung);

  hung.let_go.set_value();
  hung.left.wait();
}

}  // namespace
}  // namespace bulkhead::worker
