#include "ipc/record.hpp"

#include <algorithm>
#include <cassert>
#include <type_traits>
#include <utility>

#include "common/limits.hpp"
#include "common/model_url.hpp"
#include "ipc/shm_segment.hpp"
#include "ipc/spsc_ring.hpp"
#include "ipc/wire_canary.hpp"
#include "ipc/wire_context.hpp"
#include "ipc/wire_event.hpp"
#include "ipc/wire_format.hpp"
#include "ipc/wire_object.hpp"
#include "ipc/wire_session.hpp"

namespace bulkhead::ipc {

namespace {

// Kind of a record on the wire: its index in RecordBody, kept by name so that the format does not
// change silently with the variant's order.
enum class Kind : std::uint8_t {
  Detection = 0,
  CameraChange = 1,
  Ack = 2,
  ModelLoaded = 3,
  Fatal = 4,
  Gap = 5,
  AskToConnect = 6,
  Confined = 7,
  Alert = 8,
  RtspSessionChange = 9,
  ZonesInEffect = 10,
  Event = 11,
  ResultsEnded = 12,
  CanaryReport = 13,
};
static_assert(std::is_same_v<std::variant_alternative_t<0, RecordBody>, Detection>);
static_assert(std::is_same_v<std::variant_alternative_t<1, RecordBody>, CameraChange>);
static_assert(std::is_same_v<std::variant_alternative_t<2, RecordBody>, Ack>);
static_assert(std::is_same_v<std::variant_alternative_t<3, RecordBody>, ModelLoaded>);
static_assert(std::is_same_v<std::variant_alternative_t<4, RecordBody>, Fatal>);
static_assert(std::is_same_v<std::variant_alternative_t<5, RecordBody>, Gap>);
static_assert(std::is_same_v<std::variant_alternative_t<6, RecordBody>, AskToConnect>);
static_assert(std::is_same_v<std::variant_alternative_t<7, RecordBody>, Confined>);
static_assert(std::is_same_v<std::variant_alternative_t<8, RecordBody>, Alert>);
static_assert(std::is_same_v<std::variant_alternative_t<9, RecordBody>, RtspSessionChange>);
static_assert(std::is_same_v<std::variant_alternative_t<10, RecordBody>, ZonesInEffect>);
static_assert(std::is_same_v<std::variant_alternative_t<11, RecordBody>, Event>);
static_assert(std::is_same_v<std::variant_alternative_t<12, RecordBody>, ResultsEnded>);
static_assert(std::is_same_v<std::variant_alternative_t<13, RecordBody>, CanaryReport>);
static_assert(std::variant_size_v<RecordBody> == 14);

constexpr std::size_t kAttributeCardBytes =
    3 * 4 + limits::kNameChars + limits::kModelNameBytes + kSha256Digits;
constexpr std::size_t kHeaderBytes = 8 + 8 + 8 + 1;
constexpr std::size_t kCardBytes =
    7 * 4 + limits::kModelNameBytes + kSha256Digits + 2 * limits::kLabelBytes + 4 +
    limits::kLabels * (4 + limits::kLabelBytes) + 4 + limits::kPipelineStages * kAttributeCardBytes;

// The largest record of each kind fits one message; no detection or card needs a check of its own.
static_assert(kHeaderBytes + kCardBytes <= limits::kRecordBytes);
static_assert(kHeaderBytes + 64 + limits::kObjectsPerFrame * kObjectBytes +
                  limits::kAttributesPerFrame * kLongestAttributeBytes + kLongestContextBytes + 8 <=
              limits::kRecordBytes);
// So do as many CRITICAL events as may come at once, all of them as long as one can be, their ring.
static_assert(static_cast<std::size_t>(limits::kCriticalEvents) *
                  static_cast<std::size_t>(limits::kCriticalEventsBurst.count()) *
                  ring_footprint(kHeaderBytes + kLongestEventBytes) <=
              kCriticalRingBytes);

void write_body(WireWriter& writer, const Detection& detection) {
  writer.u64(detection.frame_id);
  writer.i64(detection.capture_wall_ns);
  writer.i64(detection.camera_ns);
  writer.i64(detection.arrival_ns);
  writer.u32(detection.infer_us);
  writer.u32(detection.width);
  writer.u32(detection.height);
  writer.count(detection.objects.size(), limits::kObjectsPerFrame);
  for (const Object& object : detection.objects) write_object(writer, object);
  write_context(writer, detection.context);
  writer.u64(detection.patch_of);
}

void write_body(WireWriter& writer, const CameraChange& change) {
  writer.u8(static_cast<std::uint8_t>(change.state));
  writer.u16(static_cast<std::uint16_t>(change.reason));
  writer.sentence(change.text, limits::kReasonBytes);
  writer.u32(change.retry_in_ms);
}

void write_body(WireWriter& writer, const Ack& ack) {
  writer.u64(ack.request_id);
  writer.u16(static_cast<std::uint16_t>(ack.code));
  writer.sentence(ack.text, limits::kReasonBytes);
}

void write_body(WireWriter& writer, const ModelLoaded& loaded) {
  const ModelCard& card = loaded.card;
  writer.text(card.name, limits::kModelNameBytes);
  writer.text(card.sha256, kSha256Digits);
  writer.text(card.family, limits::kLabelBytes);
  writer.text(card.engine, limits::kLabelBytes);
  writer.u32(card.input_width);
  writer.u32(card.input_height);
  writer.count(card.labels.size(), limits::kLabels);
  for (const std::string& label : card.labels) writer.text(label, limits::kLabelBytes);
  writer.count(card.attributes.size(), limits::kPipelineStages);
  for (const AttributeCard& attribute : card.attributes) {
    writer.text(attribute.attribute, limits::kNameChars);
    writer.text(attribute.model, limits::kModelNameBytes);
    writer.text(attribute.sha256, kSha256Digits);
  }
  writer.u32(loaded.load_ms);
}

void write_body(WireWriter& writer, const Fatal& fatal) {
  writer.u16(static_cast<std::uint16_t>(fatal.reason));
  writer.sentence(fatal.text, limits::kReasonBytes);
}

void write_body(WireWriter& writer, const Gap& gap) {
  writer.u8(static_cast<std::uint8_t>(gap.priority));
  writer.u64(gap.from);
  writer.u64(gap.to);
  writer.u64(gap.count);
}

void write_body(WireWriter&, const AskToConnect&) {}
void write_body(WireWriter& writer, const Confined& confined) {
  writer.u32(confined.landlock);
  writer.u8(confined.syscall_filter ? 1 : 0);
  writer.u32(confined.uid);
  writer.u8(confined.tcp_ports ? 1 : 0);
  const std::vector<std::uint16_t> ports =
      confined.tcp_ports.value_or(std::vector<std::uint16_t>{});
  writer.count(ports.size(), limits::kConfinedPorts);
  for (const std::uint16_t port : ports) writer.u16(port);
  writer.count(confined.missing.size(), limits::kConfinementGaps);
  for (const std::string& gap : confined.missing) writer.sentence(gap, limits::kReasonBytes);
}
void write_body(WireWriter& writer, const Alert& alert) {
  writer.u8(static_cast<std::uint8_t>(alert.kind));
  writer.u8(alert.active ? 1 : 0);
  writer.sentence(alert.text, limits::kReasonBytes);
}
void write_body(WireWriter& writer, const RtspSessionChange& change) {
  write_session(writer, change.now);
}
void write_body(WireWriter& writer, const ZonesInEffect& zones) {
  write_zones_in_effect(writer, zones);
}
void write_body(WireWriter& writer, const Event& event) { write_event(writer, event); }
void write_body(WireWriter& writer, const ResultsEnded& ended) {
  writer.i64(ended.after_capture_ns);
}

void write_body(WireWriter& writer, const CanaryReport& report) {
  write_canary_report(writer, report);
}

Detection read_detection(WireReader& reader, Sequence sequence) {
  Detection detection;
  detection.frame_id = reader.u64("frame_id");
  detection.capture_wall_ns = reader.time_ns("capture_wall_ns");
  detection.camera_ns = reader.time_ns("camera_ns");
  detection.arrival_ns = reader.time_ns("arrival_ns");
  detection.infer_us = reader.u32("infer_us");
  detection.width = reader.u32_between("width", 1, limits::kFrameSide);
  detection.height = reader.u32_between("height", 1, limits::kFrameSide);
  const std::size_t count = reader.count("objects", limits::kObjectsPerFrame, kObjectBytes);
  detection.objects.reserve(count);
  std::size_t attributes = 0;
  for (std::size_t i = 0; i < count && !reader.failed(); ++i) {
    detection.objects.push_back(read_object(reader));
    attributes += detection.objects.back().attributes.size();
  }
  if (attributes > limits::kAttributesPerFrame) {
    reader.fail("objects.attributes", "are more than a frame may have");
  }
  detection.context = read_context(reader);
  detection.patch_of = reader.u64("patch_of");
  if (detection.patch_of >= sequence) reader.fail("patch_of", "is no record before this one");
  return detection;
}

CameraChange read_camera_change(WireReader& reader) {
  CameraChange change;
  change.state = reader.enumeration("state", CameraState::Frozen);
  change.reason = reader.error_code("reason");
  change.text = reader.text("text", limits::kReasonBytes);
  change.retry_in_ms = reader.u32("retry_in_ms");
  return change;
}

Ack read_ack(WireReader& reader) {
  Ack ack;
  ack.request_id = reader.u64("request_id");
  ack.code = reader.error_code("code");
  ack.text = reader.text("text", limits::kReasonBytes);
  return ack;
}

ModelLoaded read_model_loaded(WireReader& reader) {
  ModelLoaded loaded;
  ModelCard& card = loaded.card;
  card.name = reader.text("name", limits::kModelNameBytes);
  card.sha256 = reader.text("sha256", kSha256Digits);
  if (!is_sha256(card.sha256)) reader.fail("sha256", "is not 64 lower-case hex digits");
  card.family = reader.text("family", limits::kLabelBytes);
  card.engine = reader.text("engine", limits::kLabelBytes);
  card.input_width = reader.u32_between("input_width", 1, limits::kModelInputSide);
  card.input_height = reader.u32_between("input_height", 1, limits::kModelInputSide);
  const std::size_t count = reader.count("labels", limits::kLabels, sizeof(std::uint32_t));
  card.labels.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    card.labels.push_back(reader.text("labels", limits::kLabelBytes));
  }
  const std::size_t attributes =
      reader.count("attributes", limits::kPipelineStages, 3 * sizeof(std::uint32_t));
  for (std::size_t i = 0; i < attributes && !reader.failed(); ++i) {
    AttributeCard attribute;
    attribute.attribute = reader.text("attributes.attribute", limits::kNameChars);
    attribute.model = reader.text("attributes.model", limits::kModelNameBytes);
    attribute.sha256 = reader.text("attributes.sha256", kSha256Digits);
    if (!is_sha256(attribute.sha256)) {
      reader.fail("attributes.sha256", "is not 64 lower-case hex digits");
    }
    card.attributes.push_back(std::move(attribute));
  }
  loaded.load_ms = reader.u32("load_ms");
  return loaded;
}

Fatal read_fatal(WireReader& reader) {
  Fatal fatal;
  fatal.reason = reader.error_code("reason");
  fatal.text = reader.text("text", limits::kReasonBytes);
  return fatal;
}

Gap read_gap(WireReader& reader) {
  Gap gap;
  gap.priority = reader.enumeration("priority", PriorityClass::Bulk);
  gap.from = reader.u64("from");
  gap.to = reader.u64("to");
  gap.count = reader.u64("count");
  if (gap.from == 0 || gap.to < gap.from) reader.fail("from", "is no start of a gap");
  // Sequences count all classes, so a gap of one class may have fewer records than numbers.
  if (gap.count == 0 || gap.count - 1 > gap.to - gap.from) reader.fail("count", "is out of range");
  return gap;
}

Confined read_confined(WireReader& reader) {
  Confined confined;
  confined.landlock = reader.u32("landlock");
  confined.syscall_filter = reader.flag("syscall_filter");
  confined.uid = reader.u32("uid");
  const bool has_ports = reader.flag("has_tcp_ports");
  std::vector<std::uint16_t> ports;
  const std::size_t port_count =
      reader.count("tcp_ports", limits::kConfinedPorts, sizeof(std::uint16_t));
  for (std::size_t i = 0; i < port_count; ++i) ports.push_back(reader.u16("tcp_ports"));
  if (!has_ports && port_count != 0) reader.fail("tcp_ports", "are listed where there are none");
  if (has_ports) confined.tcp_ports = std::move(ports);
  const std::size_t gap_count =
      reader.count("missing", limits::kConfinementGaps, sizeof(std::uint32_t));
  for (std::size_t i = 0; i < gap_count; ++i) {
    confined.missing.push_back(reader.text("missing", limits::kReasonBytes));
  }
  return confined;
}

Alert read_alert(WireReader& reader) {
  Alert alert;
  alert.kind = reader.enumeration("kind", AlertKind{kAlertKinds - 1});
  alert.active = reader.flag("active");
  alert.text = reader.text("text", limits::kReasonBytes);
  return alert;
}

RecordBody read_body(WireReader& reader, Kind kind, Sequence sequence) {
  switch (kind) {
    case Kind::Detection:
      return read_detection(reader, sequence);
    case Kind::CameraChange:
      return read_camera_change(reader);
    case Kind::Ack:
      return read_ack(reader);
    case Kind::ModelLoaded:
      return read_model_loaded(reader);
    case Kind::Fatal:
      return read_fatal(reader);
    case Kind::Gap:
      return read_gap(reader);
    case Kind::AskToConnect:
      return AskToConnect{};
    case Kind::Confined:
      return read_confined(reader);
    case Kind::Alert:
      return read_alert(reader);
    case Kind::RtspSessionChange:
      return RtspSessionChange{read_session(reader)};
    case Kind::ZonesInEffect:
      return read_zones_in_effect(reader);
    case Kind::Event:
      return read_event(reader);
    case Kind::ResultsEnded:
      return ResultsEnded{reader.time_ns("after_capture_ns")};
    case Kind::CanaryReport:
      return read_canary_report(reader);
  }
  return {};
}

}  // namespace

std::string_view name_of(AlertKind kind) noexcept {
  switch (kind) {
    case AlertKind::DarkPicture:
      return "DARK_PICTURE";
    case AlertKind::ResultQueuePressure:
      return "RESULT_QUEUE_PRESSURE";
  }
  return "UNKNOWN";
}

void encode(const Record& record, std::vector<std::byte>& out) {
  WireWriter writer{out};
  writer.u64(record.sequence);
  writer.i64(record.publish_ns);
  writer.i64(record.deadline_ns);
  writer.u8(static_cast<std::uint8_t>(record.body.index()));
  std::visit([&writer](const auto& body) { write_body(writer, body); }, record.body);
  assert(out.size() <= limits::kRecordBytes);
}

Result<Record> decode_record(std::span<const std::byte> bytes) {
  WireReader reader{bytes};
  Record record;
  record.sequence = reader.u64("sequence");
  if (record.sequence == 0) reader.fail("sequence", "is zero");
  record.publish_ns = reader.time_ns("publish_ns");
  record.deadline_ns = reader.time_ns("deadline_ns");
  const Kind kind = reader.enumeration("kind", Kind::CanaryReport);
  if (!reader.failed()) record.body = read_body(reader, kind, record.sequence);
  if (auto checked = reader.finish(); !checked) return checked.error();
  return record;
}

}  // namespace bulkhead::ipc
