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

ZoneSpec gate() {
  ZoneSpec zone;
  zone.name = "gate";
  zone.is_line = true;
  zone.points = {{0, 0}, {1, 1}};
  return zone;
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
  EXPECT_EQ(after([](SessionSpec& s) { s.availability = Availability::Intermittent; }),
            Reconfiguration::Hot);
  EXPECT_EQ(after([](SessionSpec& s) { s.schedule = {WeeklyWindow{}}; }), Reconfiguration::Hot);
  EXPECT_EQ(after([](SessionSpec& s) { s.priority = 9; }), Reconfiguration::Hot);
  EXPECT_EQ(after([](SessionSpec& s) { s.max_rtsp_connections = 1; }), Reconfiguration::Hot);
  EXPECT_EQ(after([](SessionSpec& s) { s.pipeline_name = "same thing"; }), Reconfiguration::Hot);
  EXPECT_EQ(after([](SessionSpec& s) { s.pipeline->max_fps = 3; }), Reconfiguration::Hot);
  EXPECT_EQ(after([](SessionSpec& s) { s.pipeline->track = true; }), Reconfiguration::Hot);
  EXPECT_EQ(after([](SessionSpec& s) { s.pipeline->detect.min_confidence = 0.9F; }),
            Reconfiguration::Hot);
  EXPECT_EQ(after([](SessionSpec& s) { s.pipeline->detect.nms_iou = 0.9F; }), Reconfiguration::Hot);
  EXPECT_EQ(after([](SessionSpec& s) { s.pipeline->detect.classes = {"car"}; }),
            Reconfiguration::Hot);
  EXPECT_EQ(after([](SessionSpec& s) {
              s.pipeline->detect.per_class = {{"car", 0.9F, std::nullopt}};
            }),
            Reconfiguration::Hot);
  EXPECT_EQ(after([](SessionSpec& s) {
              s.pipeline->frames = {.every_n = 2,
                                    .motion = MotionRule{},
                                    .region = Region{},
                                    .masks = {{{0, 0}, {1, 0}, {1, 1}}}};
            }),
            Reconfiguration::Hot);
}

TEST(ReconfigurationTest, OtherZonesAreHotAndAskForTracks) {
  EXPECT_EQ(after([](SessionSpec& s) { s.zones = {gate()}; }), Reconfiguration::Hot);
  EXPECT_EQ(after([](SessionSpec& s) { s.track_updates = true; }), Reconfiguration::Hot);
  SessionSpec asked = spec();
  EXPECT_FALSE(tuning_of(asked).track);
  asked.zones = {gate()};
  EXPECT_TRUE(tuning_of(asked).track) << "though the pipeline does not say so";
}

TEST(ReconfigurationTest, AnotherPipelineOnTheSameCameraOverlaps) {
  EXPECT_EQ(after([](SessionSpec& s) { s.pipeline->detect.model = "yolox_nano"; }),
            Reconfiguration::Overlap);
  EXPECT_EQ(after([](SessionSpec& s) {
              s.pipeline->detect.labels = {"car"};
              s.pipeline->max_fps = 3;
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

TEST(ReconfigurationTest, AWorkerIsToldAllThatItCanChangeWithoutLoading) {
  SessionSpec asked = spec();
  PipelineSpec& pipeline = *asked.pipeline;
  pipeline.max_fps = 12.5;
  pipeline.track = true;
  pipeline.detect.min_confidence = 0.4F;
  pipeline.detect.nms_iou = 0.5F;
  pipeline.detect.classes = {"car"};
  pipeline.detect.per_class = {{"car", 0.9F, std::nullopt}};
  pipeline.frames.every_n = 7;
  asked.zones = {gate()};
  asked.track_updates = true;
  const auto told = tuning_of(asked);
  EXPECT_EQ(told.zones, asked.zones);
  EXPECT_TRUE(told.track_updates);
  EXPECT_EQ(told.max_fps, 12.5F);
  EXPECT_TRUE(told.track);
  EXPECT_EQ(told.min_confidence, 0.4F);
  EXPECT_EQ(told.nms_iou, 0.5F);
  EXPECT_EQ(told.classes, std::vector<std::string>{"car"});
  EXPECT_EQ(told.per_class, pipeline.detect.per_class);
  EXPECT_EQ(told.frames, pipeline.frames);
}

TEST(ReconfigurationTest, AClassThatTheModelDoesNotHaveIsRefusedByName) {
  ModelCard card;
  card.name = "yolo11n";
  card.labels = {"person", "car"};
  SessionSpec asked = spec();
  asked.pipeline->detect.classes = {"car"};
  EXPECT_TRUE(check_classes(asked, card));
  asked.zones = {gate()};
  asked.zones[0].classes = {"sheep"};
  const auto of_zone = check_classes(asked, card);
  ASSERT_FALSE(of_zone);
  EXPECT_EQ(of_zone.error().field, "params.zones[0].classes");
  asked.pipeline->detect.per_class = {{"goat", 0.9F, std::nullopt}};
  EXPECT_EQ(check_classes(asked, card).error().field, "params.perClass");
  asked.pipeline->detect.classes = {"car", "cow"};
  const auto refused = check_classes(asked, card);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field, "params.classes");
  EXPECT_NE(refused.error().message.find("\"cow\""), std::string::npos);
}

}  // namespace
}  // namespace bulkhead::supervisor
