#pragma once

#include <string>

#include "common/clock.hpp"
#include "common/detection.hpp"
#include "common/ids.hpp"
#include "ipc/priority_class.hpp"
#include "supervisor/session/session_events.hpp"

namespace bulkhead::testing {

/// One detection with everything it refers to, as a session would report it.
struct SampleResult {
  SubscriptionId session = SubscriptionId::parse("display;cam").value();
  Generation generation = 3;
  Sequence sequence = 1841;
  ipc::PriorityClass priority = ipc::PriorityClass::Important;
  Detection detection{.frame_id = 5127,
                      .capture_wall_ns = 1'767'614'400'123'456'000,
                      .arrival_ns = 0,
                      .infer_us = 31'250,
                      .width = 1920,
                      .height = 1080,
                      .objects = {}};
  ModelCard model{.name = "yolo11n",
                  .sha256 = std::string(64, 'a'),
                  .family = "yolov8",
                  .engine = "onnxruntime",
                  .input_width = 416,
                  .input_height = 416,
                  .labels = {"person", "bicycle", "car"}};

  [[nodiscard]] supervisor::ResultEvent event() const {
    return {.session = session,
            .generation = generation,
            .sequence = sequence,
            .priority = priority,
            .publish_ns = detection.arrival_ns,
            .detection = detection,
            .model = model};
  }
};

inline Object car(float confidence) {
  return {.box = {.x = 411, .y = 220.26F, .w = 310, .h = 180},
          .confidence = confidence,
          .label_id = 2,
          .track_id = 12};
}

inline Object person(float confidence) {
  return {.box = {.x = 0, .y = 0, .w = 10, .h = 20},
          .confidence = confidence,
          .label_id = 0,
          .track_id = 0};
}

}  // namespace bulkhead::testing
