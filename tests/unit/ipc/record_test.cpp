#include "ipc/record.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>
#include <variant>
#include <vector>

#include "common/limits.hpp"
#include "tests/unit/ipc/record_samples.hpp"

namespace bulkhead::ipc {
namespace {

TEST(Record, CarriesItsNumbersAndTimes) {
  const auto decoded = decode_record(encoded(record_of(Fatal{})));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->sequence, 7U);
  EXPECT_EQ(decoded->publish_ns, 2'000);
  EXPECT_EQ(decoded->deadline_ns, 9'000);
}

TEST(Record, CarriesADetection) {
  Detection sent = sample_detection();
  sent.patch_of = 6;
  const Detection got = round_trip(sent);
  EXPECT_EQ(got.frame_id, sent.frame_id);
  EXPECT_EQ(got.capture_wall_ns, sent.capture_wall_ns);
  EXPECT_EQ(got.camera_ns, sent.camera_ns);
  EXPECT_EQ(got.arrival_ns, sent.arrival_ns);
  EXPECT_EQ(got.infer_us, sent.infer_us);
  EXPECT_EQ(got.width, sent.width);
  EXPECT_EQ(got.height, sent.height);
  EXPECT_EQ(got.context, sent.context);
  EXPECT_EQ(got.patch_of, 6U);
  ASSERT_EQ(got.objects.size(), sent.objects.size());
  for (std::size_t i = 0; i < sent.objects.size(); ++i) {
    EXPECT_EQ(got.objects[i].box.x, sent.objects[i].box.x);
    EXPECT_EQ(got.objects[i].box.y, sent.objects[i].box.y);
    EXPECT_EQ(got.objects[i].box.w, sent.objects[i].box.w);
    EXPECT_EQ(got.objects[i].box.h, sent.objects[i].box.h);
    EXPECT_EQ(got.objects[i].confidence, sent.objects[i].confidence);
    EXPECT_EQ(got.objects[i].label_id, sent.objects[i].label_id);
    EXPECT_EQ(got.objects[i].track_id, sent.objects[i].track_id);
    ASSERT_EQ(got.objects[i].attributes.size(), sent.objects[i].attributes.size());
    for (std::size_t j = 0; j < sent.objects[i].attributes.size(); ++j) {
      const Attribute& left = got.objects[i].attributes[j];
      const Attribute& right = sent.objects[i].attributes[j];
      EXPECT_EQ(left.stage, right.stage);
      EXPECT_EQ(left.text, right.text);
      EXPECT_EQ(left.confidence, right.confidence);
      ASSERT_EQ(left.box.has_value(), right.box.has_value());
      if (left.box) {
        EXPECT_EQ(left.box->w, right.box->w);
      }
    }
  }
}

TEST(Record, CarriesACameraChange) {
  const auto got = round_trip(CameraChange{.state = CameraState::Live,
                                           .reason = ErrorCode::Stalled,
                                           .text = "Back again – after 3 s.",
                                           .retry_in_ms = 250});
  EXPECT_EQ(got.state, CameraState::Live);
  EXPECT_EQ(got.reason, ErrorCode::Stalled);
  EXPECT_EQ(got.text, "Back again – after 3 s.");
  EXPECT_EQ(got.retry_in_ms, 250U);
}

TEST(Record, CarriesAnAck) {
  const auto got = round_trip(Ack{.request_id = 99, .code = ErrorCode::None, .text = "Done."});
  EXPECT_EQ(got.request_id, 99U);
  EXPECT_EQ(got.code, ErrorCode::None);
  EXPECT_EQ(got.text, "Done.");
}

TEST(Record, CarriesAModelCard) {
  const ModelLoaded sent = sample_model();
  const ModelLoaded got = round_trip(sent);
  EXPECT_EQ(got.card.name, sent.card.name);
  EXPECT_EQ(got.card.sha256, sent.card.sha256);
  EXPECT_EQ(got.card.family, sent.card.family);
  EXPECT_EQ(got.card.engine, sent.card.engine);
  EXPECT_EQ(got.card.input_width, sent.card.input_width);
  EXPECT_EQ(got.card.input_height, sent.card.input_height);
  EXPECT_EQ(got.card.labels, sent.card.labels);
  EXPECT_EQ(got.load_ms, sent.load_ms);
}

TEST(Record, CarriesAFatalError) {
  const auto got = round_trip(Fatal{.reason = ErrorCode::ModelInvalid, .text = "No output."});
  EXPECT_EQ(got.reason, ErrorCode::ModelInvalid);
  EXPECT_EQ(got.text, "No output.");
}

TEST(Record, CarriesAGap) {
  const auto got = round_trip(Gap{.priority = PriorityClass::Bulk, .from = 4, .to = 9, .count = 6});
  EXPECT_EQ(got.priority, PriorityClass::Bulk);
  EXPECT_EQ(got.from, 4U);
  EXPECT_EQ(got.to, 9U);
  EXPECT_EQ(got.count, 6U);
}

TEST(Record, CarriesAConfinement) {
  EXPECT_EQ(round_trip(sample_confinement()), sample_confinement());
  Confined open;
  EXPECT_EQ(round_trip(open), open);
  EXPECT_FALSE(round_trip(open).tcp_ports) << "all ports are not the same as none";
}

TEST(Record, CarriesAnAlert) {
  const auto got =
      round_trip(Alert{.kind = AlertKind::DarkPicture, .active = true, .text = "Black."});
  EXPECT_EQ(got.kind, AlertKind::DarkPicture);
  EXPECT_TRUE(got.active);
  EXPECT_EQ(got.text, "Black.");
}

TEST(Record, CarriesASessionAtTheCameraAndThatThereIsNone) {
  const RtspSession session{.id = "4F2A01BC", .path = "/live?channel=1"};
  EXPECT_EQ(round_trip(RtspSessionChange{session}).now, session);
  EXPECT_FALSE(round_trip(RtspSessionChange{}).now);
  EXPECT_EQ(round_trip(ResultsEnded{5'000}).after_capture_ns, 5'000);
}

TEST(Record, CarriesWhatACanaryReports) {
  const CanaryReport got = round_trip(sample_canary_report());
  EXPECT_EQ(got.phase, CanaryPhase::Running);
  EXPECT_EQ(got.sha256, std::string(kSha256Digits, 'b'));
  EXPECT_EQ(got.frames, 50U);
  EXPECT_EQ(got.frames_with_objects, 40U);
  EXPECT_EQ(got.frames_skipped, 2U);
  EXPECT_EQ(got.agreement, 0.75F);
  EXPECT_EQ(got.incumbent_cpu_us, 1'000'000U);
  EXPECT_EQ(got.candidate_cpu_us, 1'500'000U);
  const CanaryReport failed = round_trip(CanaryReport{.phase = CanaryPhase::Failed,
                                                      .reason = ErrorCode::ModelInvalid,
                                                      .text = "no model",
                                                      .sha256 = {}});
  EXPECT_EQ(failed.reason, ErrorCode::ModelInvalid);
  EXPECT_EQ(failed.text, "no model");
}

TEST(Record, RefusesAnAlertThatIsNeitherActiveNorOver) {
  std::vector<std::byte> bytes = encoded(record_of(Alert{.text = {}}));
  constexpr std::size_t kTextBytes = 4;  // its empty text's count
  bytes.at(bytes.size() - kTextBytes - 1) = std::byte{2};
  const auto got = decode_record(bytes);
  ASSERT_FALSE(got);
  EXPECT_NE(got.error().message.find("active"), std::string::npos) << got.error().message;
}

TEST(Record, TakesEachCollectionAtItsLimitAndStillFitsOneMessage) {
  Detection crowded = sample_detection();
  crowded.objects.assign(limits::kObjectsPerFrame, crowded.objects.front());
  EXPECT_EQ(round_trip(crowded).objects.size(), limits::kObjectsPerFrame);

  const std::string longest(limits::kLabelBytes, 'x');
  for (std::size_t i = 0; i < limits::kAttributesPerFrame; ++i) {
    Object& object = crowded.objects[i / 2];
    object.attributes.push_back(
        {static_cast<std::uint8_t>(object.attributes.size()), longest, 1, Box{0, 0, 1, 1}});
  }
  EXPECT_EQ(round_trip(crowded).objects.back().attributes.size(), 2U);
  EXPECT_LE(encoded(record_of(crowded)).size(), limits::kRecordBytes);
  crowded.objects.back().attributes.push_back({2, "one more", 1, {}});
  const auto too_many = decode_record(encoded(record_of(crowded)));
  ASSERT_FALSE(too_many);
  EXPECT_NE(too_many.error().message.find("objects.attributes"), std::string::npos);

  ModelLoaded large = sample_model();
  large.card.attributes.assign(limits::kPipelineStages,
                               {std::string(limits::kNameChars, 'a'),
                                std::string(limits::kModelNameBytes, 'm'), std::string(64, 'f')});
  large.card.name.assign(limits::kModelNameBytes, 'n');
  large.card.family.assign(limits::kLabelBytes, 'f');
  large.card.engine.assign(limits::kLabelBytes, 'e');
  large.card.input_width = large.card.input_height = limits::kModelInputSide;
  large.card.labels.assign(limits::kLabels, std::string(limits::kLabelBytes, 'l'));
  EXPECT_EQ(round_trip(large).card.labels.size(), limits::kLabels);
  EXPECT_EQ(round_trip(large).card.attributes.size(), limits::kPipelineStages);
  EXPECT_LE(encoded(record_of(large)).size(), limits::kRecordBytes);

  Confined wide = sample_confinement();
  wide.tcp_ports->assign(limits::kConfinedPorts, 554);
  wide.missing.assign(limits::kConfinementGaps, std::string(limits::kReasonBytes, 'x'));
  EXPECT_EQ(round_trip(wide), wide);
}

TEST(Record, CutsALongReasonAtACharacter) {
  std::string reason(limits::kReasonBytes - 1, 'x');
  reason += "ä and more";
  const auto got = round_trip(Fatal{.reason = ErrorCode::Internal, .text = reason});
  EXPECT_EQ(got.text, std::string(limits::kReasonBytes - 1, 'x'));
}

TEST(Record, MakesTextsOfAWorkerFitForALogLine) {
  const auto got = round_trip(Fatal{.reason = ErrorCode::Internal, .text = "a\nb\x1b[31m\xFF"});
  EXPECT_EQ(got.text.find_first_of("\n\x1b\xFF"), std::string::npos) << got.text;
  ModelLoaded model = sample_model();
  model.card.labels = {"per\rson"};
  EXPECT_EQ(round_trip(model).card.labels[0].find('\r'), std::string::npos);
}

struct FieldCase {
  const char* field;  // named by the error, or null where the value is accepted
  std::function<void(Record&)> change;
};

FieldCase of_detection(const char* field, std::function<void(Detection&)> change) {
  return {field, [change](Record& record) { change(std::get<Detection>(record.body)); }};
}

void expect_decided(const RecordBody& body, const std::vector<FieldCase>& cases) {
  for (std::size_t i = 0; i < cases.size(); ++i) {
    Record record = record_of(body);
    cases[i].change(record);
    const auto decoded = decode_record(encoded(record));
    if (cases[i].field == nullptr) {
      EXPECT_TRUE(decoded) << "case " << i << ": " << decoded.error().message;
      continue;
    }
    ASSERT_FALSE(decoded) << "case " << i << " must refuse " << cases[i].field;
    EXPECT_EQ(decoded.error().code, ErrorCode::Corrupt);
    EXPECT_EQ(decoded.error().field, cases[i].field) << "case " << i;
  }
}

TEST(Record, DecidesEachNumberOfADetectionAtItsLimit) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr float kReach = 2.0F * static_cast<float>(limits::kFrameSide);
  expect_decided(
      sample_detection(),
      {
          of_detection(nullptr, [](Detection& d) { d.width = d.height = limits::kFrameSide; }),
          of_detection("width", [](Detection& d) { d.width = limits::kFrameSide + 1; }),
          of_detection("width", [](Detection& d) { d.width = 0; }),
          of_detection("height", [](Detection& d) { d.height = limits::kFrameSide + 1; }),
          of_detection("height", [](Detection& d) { d.height = 0; }),
          of_detection("arrival_ns", [](Detection& d) { d.arrival_ns = -1; }),
          of_detection("capture_wall_ns", [](Detection& d) { d.capture_wall_ns = -1; }),
          of_detection("camera_ns", [](Detection& d) { d.camera_ns = -1; }),
          of_detection(nullptr, [](Detection& d) { d.objects[0].confidence = 1; }),
          of_detection(nullptr, [](Detection& d) { d.objects[1].confidence = 0; }),
          of_detection("objects.confidence", [](Detection& d) { d.objects[0].confidence = 1.01F; }),
          of_detection("objects.confidence", [](Detection& d) { d.objects[0].confidence = -0.1F; }),
          of_detection("objects.confidence", [](Detection& d) { d.objects[0].confidence = kNan; }),
          of_detection("objects.box.x", [](Detection& d) { d.objects[0].box.x = kNan; }),
          of_detection("objects.box.y", [](Detection& d) { d.objects[1].box.y = -kInfinity; }),
          of_detection("objects.box.w", [](Detection& d) { d.objects[0].box.w = -1; }),
          of_detection("objects.box.h", [](Detection& d) { d.objects[0].box.h = kInfinity; }),
          of_detection(nullptr,
                       [](Detection& d) {
                         d.objects[0].box = {-kReach, 0, kReach, 1};
                       }),
          of_detection("objects.box.x", [](Detection& d) { d.objects[0].box.x = 1.1F * kReach; }),
          of_detection(nullptr, [](Detection& d) { d.objects[0].label_id = limits::kLabels - 1; }),
          of_detection(nullptr,
                       [](Detection& d) {
                         d.objects[0].attributes = {{15, "x", 1, {}}};
                       }),
          of_detection("objects.attributes.stage",
                       [](Detection& d) {
                         d.objects[0].attributes = {{16, "x", 1, {}}};
                       }),
          of_detection("objects.attributes.stage",
                       [](Detection& d) {
                         d.objects[0].attributes = {{3, "x", 1, {}}, {3, "y", 1, {}}};
                       }),
          of_detection("objects.attributes.confidence",
                       [](Detection& d) {
                         d.objects[0].attributes = {{0, "x", kNan, {}}};
                       }),
          of_detection("objects.box.w",
                       [](Detection& d) {
                         d.objects[0].attributes = {{0, "x", 1, Box{0, 0, -1, 0}}};
                       }),
          of_detection("objects.label_id",
                       [](Detection& d) { d.objects[0].label_id = limits::kLabels; }),
      });
}

TEST(Record, DecidesTheNumbersOfEveryRecordAtTheirLimit) {
  expect_decided(
      Fatal{}, {
                   {nullptr, [](Record& r) { r.sequence = 1; }},
                   {"sequence", [](Record& r) { r.sequence = 0; }},
                   {nullptr, [](Record& r) { r.deadline_ns = 0; }},
                   {"deadline_ns", [](Record& r) { r.deadline_ns = -1; }},
                   {"publish_ns",
                    [](Record& r) { r.publish_ns = std::numeric_limits<std::int64_t>::min(); }},
                   {"reason", [](Record& r) { std::get<Fatal>(r.body).reason = ErrorCode{4711}; }},
               });
}

TEST(Record, DecidesAModelCardAtItsLimits) {
  const auto of_card = [](const char* field, std::function<void(ModelCard&)> change) {
    return FieldCase{field,
                     [change](Record& record) { change(std::get<ModelLoaded>(record.body).card); }};
  };
  expect_decided(
      sample_model(),
      {
          of_card("sha256", [](ModelCard& card) { card.sha256.pop_back(); }),
          of_card("sha256", [](ModelCard& card) { card.sha256[3] = 'G'; }),
          of_card("input_width", [](ModelCard& card) { card.input_width = 0; }),
          of_card("input_height",
                  [](ModelCard& card) { card.input_height = limits::kModelInputSide + 1; }),
          of_card(nullptr, [](ModelCard& card) { card.labels.clear(); }),
      });
}

TEST(Record, DecidesAGapAndAStateAtTheirLimits) {
  const auto of_gap = [](const char* field, Gap gap) {
    return FieldCase{field, [gap](Record& record) { record.body = gap; }};
  };
  constexpr auto kClass = PriorityClass::Important;
  expect_decided(
      Gap{},
      {
          of_gap(nullptr, Gap{kClass, 5, 5, 1}),
          of_gap("from", Gap{kClass, 0, 5, 1}),
          of_gap("from", Gap{kClass, 6, 5, 1}),
          of_gap("count", Gap{kClass, 5, 6, 0}),
          of_gap("count", Gap{kClass, 5, 6, 3}),
          of_gap(nullptr, Gap{kClass, 1, ~Sequence{0}, ~Sequence{0}}),
          of_gap("priority", Gap{PriorityClass{4}, 5, 6, 1}),
          {"kind",
           [](Record& record) { record.body = Alert{.kind = AlertKind{kAlertKinds}, .text = ""}; }},
          {"id",
           [](Record& record) {
             record.body = RtspSessionChange{RtspSession{.id = "1\r\nX: y", .path = "/a"}};
           }},
          {"path",
           [](Record& record) {
             record.body = RtspSessionChange{RtspSession{.id = "1", .path = "rtsp://other/a"}};
           }},
          {"state",
           [](Record& record) {
             record.body = CameraChange{.state = CameraState{4}, .text = "", .retry_in_ms = 0};
           }},
      });
}

}  // namespace
}  // namespace bulkhead::ipc
