// Whose results are, in the detect loop, and what is told again.

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/clock.hpp"
#include "common/limits.hpp"
#include "tests/support/detect_loop_rig.hpp"

namespace bulkhead::worker {
namespace {

class ResultContextTest : public DetectLoopTest {
 protected:
  /// A frame of this age with somebody in it, and an event.
  void give_aged(std::uint64_t id, std::chrono::seconds age = {}) {
    give(id, (monotonic_ns() - std::chrono::nanoseconds{age}.count()) / kMs);
  }

  /// Once the loop has begun with this frame; it holds from the next one on.
  void at_frame(std::uint64_t id, std::function<void()> act) { acts_.emplace(id, std::move(act)); }

  void SetUp() override {
    infer_ = [this](const Frame& frame) -> Result<Inference> {
      if (const auto act = acts_.find(frame.id); act != acts_.end()) act->second();
      Inference inference{.objects = {}, .times = {}};
      if (frame.id != kEmpty)
        inference.objects = {{.box = {1, 2, 3, 4}, .track_id = 7, .zones = 5}};
      ClassedEvent event;
      event.event.frame_id = frame.id;
      event.event.width = event.event.height = 64;
      inference.events.push_back(std::move(event));
      return inference;
    };
  }

  std::vector<Detection> detections() {
    std::vector<Detection> all;
    for (const Taken& taken : take_all()) {
      if (const auto* event = std::get_if<ipc::Event>(&taken.record.body)) {
        events_.push_back(event->context);
      }
      if (const auto* detection = std::get_if<Detection>(&taken.record.body)) {
        if (detection->patch_of != 0) {
          EXPECT_EQ(taken.priority, PriorityClass::Important);
        }
        sequences_.push_back(taken.record.sequence);
        all.push_back(*detection);
      }
    }
    return all;
  }

  static constexpr std::uint64_t kEmpty = 99;
  const SessionContext shop_{.id = "shop-17"};
  std::map<std::uint64_t, std::function<void()>> acts_;
  std::vector<SessionContext> events_;
  std::vector<Sequence> sequences_;
};

TEST_F(ResultContextTest, AContextHoldsFromTheNextFrameOnAndTheLatestIsToldAgainForIt) {
  at_frame(1, [this] { context_.put(shop_); });
  give_aged(1);
  give_aged(2);
  ASSERT_TRUE(run());
  const auto told = detections();
  ASSERT_EQ(told.size(), 3U);
  EXPECT_EQ(told[0].context, SessionContext{});
  EXPECT_EQ(told[1].context, shop_);
  EXPECT_EQ(told[1].patch_of, sequences_[0]);
  EXPECT_EQ(told[1].frame_id, 1U);
  ASSERT_EQ(told[1].objects.size(), 1U);
  EXPECT_EQ(told[1].objects[0].track_id, 7U);
  EXPECT_EQ(told[1].objects[0].zones, 5U);
  EXPECT_EQ(told[2].context, shop_);
  EXPECT_EQ(told[2].patch_of, 0U);
  EXPECT_EQ(events_, (std::vector{SessionContext{}, shop_}));
  EXPECT_EQ(status().frames_inferred_total.load(), 2U) << "it is no frame";
  EXPECT_EQ(status().objects_total.load(), 2U);
}

TEST_F(ResultContextTest, EachChangeTellsTheSameResultAgainButTheSameContextDoesNot) {
  const SessionContext paid{.id = "shop-17", .stage = "paid"};
  at_frame(1, [this] { context_.put(shop_); });
  at_frame(kEmpty, [&] { context_.put(paid); });
  at_frame(kEmpty + 1, [&] { context_.put(paid); });
  give_aged(1);
  give_aged(kEmpty);
  give_aged(kEmpty + 1);
  give_aged(kEmpty + 2);
  ASSERT_TRUE(run());
  std::vector<std::pair<std::string, Sequence>> patches;
  for (const Detection& one : detections()) {
    if (one.patch_of != 0) patches.emplace_back(one.context.stage, one.patch_of);
  }
  EXPECT_EQ(patches, (std::vector<std::pair<std::string, Sequence>>{{"", 2}, {"paid", 2}}));
}

TEST_F(ResultContextTest, AResultThatIsTooOldIsNotToldAgain) {
  for (const auto& [age, patches] : {std::pair{limits::kPatchAge - std::chrono::seconds{1}, 1U},
                                     std::pair{limits::kPatchAge + std::chrono::seconds{1}, 0U}}) {
    stop_ = {};
    context_.put({});
    acts_.clear();
    at_frame(1, [this] { context_.put(shop_); });
    give_aged(1, age);
    give_aged(2);
    ASSERT_TRUE(run());
    EXPECT_EQ(detections().size(), 2 + patches) << age.count();
  }
}

TEST_F(ResultContextTest, NothingIsToldAgainForNobodyOrOverAChangeOfZones) {
  at_frame(1, [this] { context_.put(shop_); });
  at_frame(kEmpty, [this] { context_.put({}); });
  at_frame(kEmpty + 1, [this] {
    context_.put(shop_);
    tuning_.put({.nms_iou = {}, .classes = {}});
  });
  give_aged(1);
  give_aged(kEmpty);
  give_aged(kEmpty + 1);
  give_aged(kEmpty + 2);
  ASSERT_TRUE(run());
  std::vector<Sequence> patched;
  for (const Detection& one : detections()) {
    if (one.patch_of != 0) patched.push_back(one.patch_of);
  }
  EXPECT_EQ(patched, std::vector<Sequence>{2}) << "only when it became somebody's";
}

TEST_F(ResultContextTest, NoFrameIsWaitedFor) {
  at_frame(1, [this] { context_.put(shop_); });
  give_aged(1);
  std::jthread stopper{[this] {
    while (status().results_published_total.load() < 3) std::this_thread::yield();
    stop_.request_stop();
  }};
  ASSERT_TRUE(run({.stop_after_last_frame = false}));
  const auto told = detections();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[1].context, shop_);
}

}  // namespace
}  // namespace bulkhead::worker
