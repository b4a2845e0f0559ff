#include "worker/sink/record_text.hpp"

#include <gtest/gtest.h>

#include "common/sink_limits.hpp"
#include "tests/support/action_records.hpp"

namespace bulkhead::worker {
namespace {

using nlohmann::json;
using test::car;
using test::detection_record;
using test::event_record;
using Texts = std::vector<std::string>;

/// What a template makes of each subject of a record; "-" where it makes nothing, "!" where it is
/// refused.
Texts rendered(const std::string& text, const SinkRecord& record, const RecordFilter& when = {}) {
  Texts all;
  const RecordTemplate parsed = RecordTemplate::parse(text).value();
  const auto message = RecordMessage::read(record);
  if (!message) return {"! " + message.error().message};
  for (const RecordSubject& subject : message->subjects(when)) {
    const auto one = render(parsed, subject);
    all.push_back(!one ? "!" : one->value_or("-"));
  }
  return all;
}

Texts labels(const SinkRecord& record, const RecordFilter& when) {
  return rendered("{label}", record, when);
}

TEST(RecordTextTest, EachObjectOfADetectionIsASubjectWithWhatItsFrameSays) {
  Object person = car(8, "VW");
  person.label_id = 0;
  EXPECT_EQ(
      rendered("{session}/{generation}/{sequence}/{kind}/{time}/{timestamp_ms}/{frame_id}/"
               "{model}/{label}/{confidence}/{track}/{x},{y},{w},{h}",
               detection_record(5, {car(7), person})),
      (Texts{"display-001;cam-001/3/5/detection/2026-01-05T12:00:00.123456Z/1767614400128/5127/"
             "yolo11n/car/0.75/7/96,64,128,96",
             "display-001;cam-001/3/5/detection/2026-01-05T12:00:00.123456Z/1767614400128/5127/"
             "yolo11n/person/0.75/8/96,64,128,96"}));
  EXPECT_EQ(rendered("{attribute.brand} {attribute.brand.confidence}",
                     detection_record(5, {car(7), person})),
            (Texts{"-", "VW 0.5"}));
}

TEST(RecordTextTest, AnEventIsItsOwnSubject) {
  ipc::Event event;
  event.kind = EventKind::ZoneDwell;
  event.dwell_ms = 1500;
  event.has_snapshot = true;
  EXPECT_EQ(
      rendered("{kind} {zone} {label} {track} {x} {dwell_ms} {snapshot}", event_record(1, event)),
      (Texts{"zone.dwell gate car 7 96 1500 1767614400123456000"}));
  event.kind = EventKind::LineCross;
  event.direction = Direction::Backward;
  event.reason = EventReason::TrackEnded;
  EXPECT_EQ(rendered("{kind} {direction} {reason}", event_record(1, event)),
            (Texts{"line.cross backward track_ended"}));
  event.kind = EventKind::ZoneCount;
  event.count = 4;
  EXPECT_EQ(rendered("{count} {label}", event_record(1, event)), (Texts{"4 car"}));
  EXPECT_EQ(rendered("{track}", event_record(1, event)), (Texts{"-"})) << "a count is of nobody";
  event.kind = EventKind::TrackEnd;
  EXPECT_EQ(rendered("{alive_ms}", event_record(1, event)), (Texts{"1500"}));
}

TEST(RecordTextTest, AnEventHasTheAttributesOfItsObject) {
  ipc::Event event;
  event.kind = EventKind::TrackEnd;
  event.object = car(8, "VW");
  const SinkRecord ended = event_record(1, event);
  EXPECT_EQ(rendered("{kind} {attribute.brand} {attribute.brand.confidence}", ended),
            (Texts{"track.end VW 0.5"}));
  EXPECT_EQ(rendered("{attribute.color}", ended), (Texts{"-"})) << "not said of it";
  EXPECT_EQ(labels(ended, {.kinds = {"track.end"}, .attributes = {"brand"}}), Texts{"car"});
  EXPECT_EQ(labels(ended, {.attributes = {"brand", "color"}}), Texts{});
  event.kind = EventKind::ZoneCount;
  EXPECT_EQ(labels(event_record(1, event), {.attributes = {"brand"}}), Texts{});
}

TEST(RecordTextTest, AnEventOfWhichEveryStageSaysMuchFitsARecord) {
  ModelCard model = test::action_model();
  ipc::Event event;
  for (std::size_t i = 0; i < limits::kPipelineStages; ++i) {
    model.attributes.push_back({std::string(limits::kNameChars - 2, '"') + std::to_string(10 + i),
                                std::string(limits::kModelNameBytes, '"'),
                                {}});
    event.object.attributes.push_back({.stage = static_cast<std::uint8_t>(2 + i),
                                       .text = std::string(limits::kLabelBytes, '"'),
                                       .confidence = 1,
                                       .box = Box{}});
  }
  const std::string attributes = ipc::attributes_json(event.object, model);
  EXPECT_EQ(json::parse(attributes).size(), limits::kPipelineStages);
  EXPECT_LT(attributes.size(), limits::kSinkRecordBytes / 2);
}

TEST(RecordTextTest, AFilterHoldsByKindLabelConfidenceZoneAndAttributes) {
  Object person = car(8, "VW", "red");
  person.label_id = 0;
  person.confidence = 0.5F;
  person.zones = 0b10;
  const SinkRecord frame = detection_record(1, {car(7, "VW"), person});
  const SinkRecord enter = event_record(2);
  EXPECT_EQ(labels(frame, {}), (Texts{"car", "person"}));
  EXPECT_EQ(labels(frame, {.kinds = {"zone.enter"}}), Texts{});
  EXPECT_EQ(labels(enter, {.kinds = {"detection", "zone.enter"}}), Texts{"car"});
  EXPECT_EQ(labels(enter, {.kinds = {"detection"}}), Texts{});
  EXPECT_EQ(labels(frame, {.labels = {"bus", "person"}}), Texts{"person"});
  EXPECT_EQ(labels(frame, {.min_confidence = 0.75}), Texts{"car"});
  EXPECT_EQ(labels(frame, {.zones = {"gate", "yard"}}), Texts{"person"});
  EXPECT_EQ(labels(frame, {.zones = {"gate"}}), Texts{});
  EXPECT_EQ(labels(enter, {.zones = {"gate"}}), Texts{"car"});
  EXPECT_EQ(labels(enter, {.zones = {"yard"}}), Texts{});
  EXPECT_EQ(labels(frame, {.attributes = {"brand"}}), (Texts{"car", "person"}));
  EXPECT_EQ(labels(frame, {.attributes = {"brand", "color"}}), Texts{"person"});
}

TEST(RecordTextTest, WhatAFilterIsNotForByItsKindNeedNotBeRead) {
  const auto concerned = [](const Texts& kinds) {
    std::string told;
    for (const auto kind : {RecordKind::Detection, RecordKind::Event, RecordKind::Gap}) {
      told += may_concern({.kinds = kinds}, kind) ? 'x' : '-';
    }
    return told;
  };
  EXPECT_EQ(concerned({}), "xx-");
  EXPECT_EQ(concerned({"detection"}), "x--");
  EXPECT_EQ(concerned({"zone.enter", "zone.leave"}), "-x-");
  EXPECT_EQ(concerned({"zone.enter", "detection"}), "xx-");
}

TEST(RecordTextTest, AGapIsNoSubject) {
  SinkRecord gap = event_record(1);
  gap.kind = RecordKind::Gap;
  EXPECT_EQ(labels(gap, {}), Texts{});
}

TEST(RecordTextTest, WhatIsNoMessageIsRefusedAndAMemberOfAnotherTypeIsNotThere) {
  SinkRecord record = detection_record(1, {});
  for (const char* broken : {"", "no JSON", "[]", "7"}) {
    record.json = broken;
    const auto message = RecordMessage::read(record);
    ASSERT_FALSE(message) << broken;
    EXPECT_EQ(message.error().code, ErrorCode::InvalidParams);
  }
  for (const char* strange : {R"({})", R"({"objects":7})", R"({"objects":{"label":"a"}})"}) {
    record.json = strange;
    EXPECT_EQ(labels(record, {}), Texts{}) << strange;
  }
  for (const char* strange :
       {R"({"objects":[7]})", R"({"objects":[{"label":{}}]})", R"({"objects":[{"label":null}]})"}) {
    record.json = strange;
    EXPECT_EQ(labels(record, {}), Texts{"-"}) << strange;
    EXPECT_EQ(labels(record, {.labels = {"a"}, .zones = {"b"}, .attributes = {"c"}}), Texts{});
  }
  record.json = R"({"objects":[{"bbox":7,"attributes":[1],"zones":[1]}]})";
  EXPECT_EQ(rendered("{x}", record), Texts{"-"});
  EXPECT_EQ(rendered("{attribute.brand}", record), Texts{"-"});
}

TEST(RecordTextTest, ATextIsMadeUpToItsLimitAndRefusedPastIt) {
  const auto text_of = [](std::size_t bytes) {
    return rendered("{attribute.brand}x",
                    detection_record(1, {car(7, std::string(bytes - 1, 'a'))}));
  };
  EXPECT_EQ(text_of(limits::kRenderedBytes)[0].size(), limits::kRenderedBytes);
  EXPECT_EQ(text_of(limits::kRenderedBytes + 1), Texts{"!"});
}

/// The object that these templates make of a record of one subject.
Result<std::string> object_of(const std::map<std::string, std::string>& texts,
                              const SinkRecord& record) {
  TemplateFields fields;
  for (const auto& [name, text] : texts) fields[name] = RecordTemplate::parse(text).value();
  const auto message = RecordMessage::read(record);
  return render_object(fields, message.value().subjects({}).at(0));
}

TEST(RecordTextTest, AnObjectKeepsTheTypeOfALonePlaceholderAndSaysNullOfWhatIsNotThere) {
  EXPECT_EQ(object_of({{"a", "{confidence}"},
                       {"b", "{label}"},
                       {"c", "{confidence} sure"},
                       {"d", "{attribute.brand}"},
                       {"e", "by {attribute.brand}"},
                       {"f", "{{}}"}},
                      detection_record(1, {car(7)}))
                .value(),
            R"({"a":0.75,"b":"car","c":"0.75 sure","d":null,"e":null,"f":"{}"})");
}

TEST(RecordTextTest, AnObjectIsMadeUpToItsLimitAndRefusedPastIt) {
  const std::string around = R"({"a":""})";
  const auto object_with = [&](std::size_t bytes) {
    return object_of({{"a", "{attribute.brand}"}},
                     detection_record(1, {car(7, std::string(bytes - around.size(), 'a'))}));
  };
  EXPECT_EQ(object_with(limits::kRenderedBytes).value().size(), limits::kRenderedBytes);
  EXPECT_EQ(object_with(limits::kRenderedBytes + 2).error().code, ErrorCode::InvalidParams);
}

TEST(RecordTextTest, NoTextOfARecordIsMoreThanAText) {
  for (const std::string& hostile : test::hostile_texts()) {
    const SinkRecord record = detection_record(1, {car(7, hostile)});
    EXPECT_EQ(rendered("<{attribute.brand}>", record), Texts{"<" + hostile + ">"});
    for (const char* text : {"{attribute.brand}", "<{attribute.brand}>"}) {
      const json object = json::parse(object_of({{"a", text}}, record).value());
      ASSERT_EQ(object.size(), 1U) << hostile;
      EXPECT_NE(object.at("a").get<std::string>().find(hostile), std::string::npos) << hostile;
    }
  }
}

}  // namespace
}  // namespace bulkhead::worker
