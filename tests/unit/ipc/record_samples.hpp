#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "ipc/record.hpp"

namespace bulkhead::ipc {

/// An honest record of the given body.
inline Record record_of(RecordBody body) {
  return Record{.sequence = 7, .publish_ns = 2'000, .deadline_ns = 9'000, .body = std::move(body)};
}

inline Detection sample_detection() {
  return Detection{
      .frame_id = 5127,
      .capture_wall_ns = 1'767'614'400'123'456'789,
      .camera_ns = 3'976'603'200'120'000'000,
      .arrival_ns = 1'234'567,
      .infer_us = 41'700,
      .width = 1920,
      .height = 1080,
      .objects =
          {Object{
               .box = {411.5F, 220, 310, 180}, .confidence = 0.91F, .label_id = 2, .track_id = 12},
           Object{.box = {-3, 0, 10, 20}, .confidence = 0.5F, .label_id = 79, .track_id = 0}},
      .context = {.id = "shop-17", .stage = "paid"}};
}

inline ModelLoaded sample_model() {
  return ModelLoaded{.card = {.name = "yolox_tiny",
                              .sha256 = std::string(kSha256Digits, 'a'),
                              .family = "yolox",
                              .engine = "onnxruntime",
                              .input_width = 416,
                              .input_height = 320,
                              .labels = {"person", "bicycle", "car"}},
                     .load_ms = 312};
}

inline Confined sample_confinement() {
  return Confined{.landlock = 3,
                  .syscall_filter = true,
                  .uid = 998,
                  .tcp_ports = std::vector<std::uint16_t>{554, 53},
                  .missing = {"signals are open to it"}};
}

inline Event sample_event() {
  return Event{.kind = EventKind::LineCross,
               .direction = Direction::Backward,
               .reason = EventReason::None,
               .frame_id = 5127,
               .capture_wall_ns = 1'767'614'400'123'456'789,
               .width = 1920,
               .height = 1080,
               .zone = "gate",
               .object = {.box = {411.5F, 220, 310, 180},
                          .confidence = 0.91F,
                          .label_id = 2,
                          .track_id = 12,
                          .zones = 5},
               .dwell_ms = 1200,
               .count = 3,
               .has_snapshot = true,
               .context = {.id = "shop-17", .stage = {}}};
}

inline CanaryReport sample_canary_report() {
  return CanaryReport{.phase = CanaryPhase::Running,
                      .reason = ErrorCode::None,
                      .text = "",
                      .sha256 = std::string(kSha256Digits, 'b'),
                      .frames = 50,
                      .frames_with_objects = 40,
                      .frames_skipped = 2,
                      .agreement = 0.75F,
                      .incumbent_cpu_us = 1'000'000,
                      .candidate_cpu_us = 1'500'000};
}

/// One of each kind.
inline std::vector<Record> sample_records() {
  return {
      record_of(sample_detection()),
      record_of(CameraChange{.state = CameraState::Lost,
                             .reason = ErrorCode::AuthFailed,
                             .text = "The camera refused the password.",
                             .retry_in_ms = 5000}),
      record_of(Ack{.request_id = 99, .code = ErrorCode::Timeout, .text = "Too late."}),
      record_of(sample_model()),
      record_of(Fatal{.reason = ErrorCode::ModelInvalid, .text = "No output."}),
      record_of(Gap{.priority = PriorityClass::Bulk, .from = 4, .to = 9, .count = 3}),
      record_of(AskToConnect{}),
      record_of(sample_confinement()),
      record_of(Alert{.kind = AlertKind::DarkPicture, .active = true, .text = "Black."}),
      record_of(RtspSessionChange{RtspSession{.id = "4F2A01BC", .path = "/live"}}),
      record_of(ZonesInEffect{.names = {"entry", "gate"}}),
      record_of(sample_event()),
      record_of(ResultsEnded{1'767'614'400'000'000'000}),
      record_of(sample_canary_report()),
  };
}

inline std::vector<std::byte> encoded(const Record& record) {
  std::vector<std::byte> bytes;
  encode(record, bytes);
  return bytes;
}

/// As it comes out.
template <class Body>
Body round_trip(const Body& body) {
  const auto decoded = decode_record(encoded(record_of(body)));
  EXPECT_TRUE(decoded) << decoded.error().message;
  return std::get<Body>(decoded->body);
}

}  // namespace bulkhead::ipc
