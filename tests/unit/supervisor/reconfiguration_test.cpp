#include "supervisor/session/reconfiguration.hpp"

#include <gtest/gtest.h>

namespace bulkhead::supervisor {
namespace {

SessionSpec spec() {
  SessionSpec made{.id = *SubscriptionId::parse("gate"),
                   .url = *RtspUrl::parse("rtsp://op:secret@10.0.0.5/a"),
                   .pipeline = PipelineSpec{},
                   .pipeline_name = "people"};
  made.pipeline->detect.model = "yolo11n";
  return made;
}

template <class Change>
Reconfiguration after(Change change) {
  SessionSpec changed = spec();
  change(changed);
  return reconfiguration(spec(), changed);
}

TEST(ReconfigurationTest, WhatTheWorkerCanBeToldIsHot) {
  EXPECT_EQ(reconfiguration(spec(), spec()), Reconfiguration::Hot);
  EXPECT_EQ(after([](SessionSpec& s) { s.log_level = "debug"; }), Reconfiguration::Hot);
  EXPECT_EQ(after([](SessionSpec& s) { s.lifetime = Lifetime::Connection; }), Reconfiguration::Hot);
  EXPECT_EQ(after([](SessionSpec& s) { s.priority = 9; }), Reconfiguration::Hot);
  EXPECT_EQ(after([](SessionSpec& s) { s.max_rtsp_connections = 1; }), Reconfiguration::Hot);
  EXPECT_EQ(after([](SessionSpec& s) { s.pipeline_name = "same thing"; }), Reconfiguration::Hot);
}

TEST(ReconfigurationTest, AnotherPipelineOnTheSameCameraOverlaps) {
  EXPECT_EQ(after([](SessionSpec& s) { s.pipeline->detect.model = "yolox_nano"; }),
            Reconfiguration::Overlap);
  EXPECT_EQ(after([](SessionSpec& s) {
              s.pipeline->max_fps = 3;
              s.log_level = "debug";
            }),
            Reconfiguration::Overlap);
}

TEST(ReconfigurationTest, AnotherCameraReplacesWhateverElseChanges) {
  EXPECT_EQ(after([](SessionSpec& s) { s.url.path = "/b"; }), Reconfiguration::Replace);
  EXPECT_EQ(after([](SessionSpec& s) { s.url.password = "new"; }), Reconfiguration::Replace);
  EXPECT_EQ(after([](SessionSpec& s) { s.transport = Transport::Udp; }), Reconfiguration::Replace);
  EXPECT_EQ(after([](SessionSpec& s) { s.loop = true; }), Reconfiguration::Replace);
  EXPECT_EQ(after([](SessionSpec& s) {
              s.url.path = "/b";
              s.pipeline->max_fps = 3;
            }),
            Reconfiguration::Replace);
}

}  // namespace
}  // namespace bulkhead::supervisor
