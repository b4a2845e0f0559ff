#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/clock.hpp"
#include "common/detection.hpp"
#include "ipc/event.hpp"
#include "ipc/result_text.hpp"
#include "tests/support/sink_records.hpp"
#include "worker/sink/sink.hpp"

namespace bulkhead::test {

/// Records as a worker keeps them (worker/sink/kept_results), of the session display-001;cam-001,
/// whose stages say "brand" and "color", and which has the zones "gate" and "yard".
inline const ModelCard& action_model() {
  static const ModelCard model{.name = "yolo11n",
                               .sha256 = std::string(64, 'a'),
                               .family = "yolov8",
                               .engine = "onnxruntime",
                               .input_width = 416,
                               .input_height = 416,
                               .labels = {"person", "car"},
                               .attributes = {{"brand", "brands", std::string(64, 'b')},
                                              {"color", "colors", std::string(64, 'c')}}};
  return model;
}

/// A car with a track and, where they are not empty, its brand and its color.
inline Object car(std::uint32_t track, const std::string& brand = {},
                  const std::string& color = {}) {
  Object object{.box = {96, 64, 128, 96}, .confidence = 0.75F, .label_id = 1, .track_id = track};
  if (!brand.empty())
    object.attributes.push_back({.stage = 0, .text = brand, .confidence = 0.5F, .box = {}});
  if (!color.empty())
    object.attributes.push_back({.stage = 1, .text = color, .confidence = 1, .box = {}});
  return object;
}

inline worker::SinkRecord action_record(Sequence sequence, worker::RecordKind kind,
                                        const std::string& members) {
  worker::SinkRecord record = sink_record(3, sequence);
  record.kind = kind;
  record.json = "{" + members + "}";
  return record;
}

inline worker::SinkRecord detection_record(Sequence sequence, std::vector<Object> objects) {
  static const std::vector<std::string> zones{"gate", "yard"};
  const Detection detection{.frame_id = 5127,
                            .capture_wall_ns = kRecordTimeNs,
                            .width = 1920,
                            .height = 1080,
                            .objects = std::move(objects)};
  std::string members;
  ipc::append_detection(members,
                        {.session = "display-001;cam-001",
                         .generation = 3,
                         .sequence = sequence,
                         .model = action_model(),
                         .zones = &zones},
                        detection, 0);
  return action_record(sequence, worker::RecordKind::Detection, members);
}

/// What `event` leaves out is that of a car that enters the zone "gate".
inline worker::SinkRecord event_record(Sequence sequence, ipc::Event event = {}) {
  if (event.kind == EventKind::TrackNew) event.kind = EventKind::ZoneEnter;
  if (event.zone.empty()) event.zone = "gate";
  event.frame_id = 5127;
  event.capture_wall_ns = kRecordTimeNs;
  event.width = 1920;
  event.height = 1080;
  if (event.object.track_id == 0) event.object = car(7);
  std::string members;
  ipc::append_event(members,
                    {.session = "display-001;cam-001",
                     .generation = 3,
                     .sequence = sequence,
                     .label = ipc::label_of(event.object.label_id, action_model()),
                     .attributes = ipc::attributes_json(event.object, action_model())},
                    event);
  return action_record(sequence, worker::RecordKind::Event, members);
}

/// Labels that would be something else if they were ever read as more than a text.
inline const std::vector<std::string>& hostile_texts() {
  static const std::vector<std::string> texts{"'; DROP TABLE cars; --",
                                              "\"; DROP TABLE cars; --",
                                              "$1",
                                              "{label}",
                                              "{{}}",
                                              "}{",
                                              "\\",
                                              "\\'",
                                              "a\nb",
                                              "a\r\nDEL cars\r\n",
                                              "*3\r\n$3\r\nDEL\r\n",
                                              "%s%n",
                                              "NULL",
                                              "\t",
                                              "{\"a\":1}",
                                              "ü\u2028"};
  return texts;
}

}  // namespace bulkhead::test
