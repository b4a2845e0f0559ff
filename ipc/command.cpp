#include "ipc/command.hpp"

#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string_view>
#include <type_traits>

#include "common/json_fields.hpp"
#include "common/limits.hpp"
#include "common/stage_limits.hpp"
#include "ipc/wire_canary.hpp"
#include "ipc/wire_context.hpp"
#include "ipc/wire_format.hpp"
#include "ipc/wire_session.hpp"

namespace bulkhead::ipc {

namespace {

enum class CommandKind : std::uint8_t {
  Stop = 0,
  TakeSnapshot = 1,
  SetLogLevel = 2,
  OpenCamera = 3,
  Reconfigure = 4,
  DebugGst = 5,
  CountResults = 6,
  StartCanary = 7,
  StopCanary = 8,
  SetContext = 9,
};
static_assert(std::is_same_v<std::variant_alternative_t<0, CommandBody>, Stop>);
static_assert(std::is_same_v<std::variant_alternative_t<1, CommandBody>, TakeSnapshot>);
static_assert(std::is_same_v<std::variant_alternative_t<2, CommandBody>, SetLogLevel>);
static_assert(std::is_same_v<std::variant_alternative_t<3, CommandBody>, OpenCamera>);
static_assert(std::is_same_v<std::variant_alternative_t<4, CommandBody>, Reconfigure>);
static_assert(std::is_same_v<std::variant_alternative_t<5, CommandBody>, DebugGst>);
static_assert(std::is_same_v<std::variant_alternative_t<6, CommandBody>, CountResults>);
static_assert(std::is_same_v<std::variant_alternative_t<7, CommandBody>, StartCanary>);
static_assert(std::is_same_v<std::variant_alternative_t<8, CommandBody>, StopCanary>);
static_assert(std::is_same_v<std::variant_alternative_t<9, CommandBody>, SetContext>);
static_assert(std::variant_size_v<CommandBody> == 10);

constexpr std::size_t kLevelBytes = 16;
constexpr std::size_t kCategoriesBytes =
    limits::kGstDebugCategories * (limits::kGstDebugCategoryBytes + 1);
constexpr float kUsual = -1;  // on the wire, where no threshold is given

void write_body(WireWriter&, const Stop&) {}
void write_body(WireWriter& writer, const TakeSnapshot& snapshot) { writer.u8(snapshot.quality); }
void write_body(WireWriter& writer, const SetLogLevel& set) { writer.text(set.level, kLevelBytes); }
void write_body(WireWriter& writer, const OpenCamera& open) { write_session(writer, open.left); }

void write_body(WireWriter& writer, const Reconfigure& tuning) {
  writer.f32(tuning.min_confidence);
  writer.f32(tuning.nms_iou.value_or(kUsual));
  writer.f32(tuning.max_fps);
  writer.u8(tuning.track ? 1 : 0);
  writer.count(tuning.classes.size(), limits::kLabels);
  for (const std::string& name : tuning.classes) writer.text(name, limits::kLabelBytes);
  // As the start message has them: there is one reader, which checks all of it.
  // In ASCII, for the reader of texts escapes what it holds to be no character.
  constexpr bool kAscii = true;
  writer.text(to_json(tuning.zones).dump(-1, ' ', kAscii), limits::kZonesJsonBytes);
  writer.u8(tuning.track_updates ? 1 : 0);
  writer.count(tuning.per_class.size(), limits::kClassThresholds);
  for (const ClassThreshold& threshold : tuning.per_class) {
    writer.text(threshold.label, limits::kLabelBytes);
    writer.f32(threshold.min_confidence.value_or(kUsual));
    writer.f32(threshold.nms_iou.value_or(kUsual));
  }
  nlohmann::json frames = nlohmann::json::object();
  write_frame_rules(tuning.frames, frames);
  writer.text(frames.dump(), limits::kFrameRulesJsonBytes);
}

void write_body(WireWriter& writer, const CountResults& count) {
  writer.i64(count.after_capture_ns);
}

void write_body(WireWriter& writer, const SetContext& set) { write_context(writer, set.context); }

void write_body(WireWriter& writer, const DebugGst& debug) {
  writer.text(debug.categories, kCategoriesBytes);
  writer.u16(debug.seconds);
}

void write_body(WireWriter& writer, const StartCanary& start) { write_start_canary(writer, start); }
void write_body(WireWriter&, const StopCanary&) {}

DebugGst read_debug_gst(WireReader& reader) {
  DebugGst debug;
  debug.categories = reader.text("categories", kCategoriesBytes);
  debug.seconds = reader.u16("seconds");
  const bool is_good =
      debug.seconds >= 1 && std::chrono::seconds{debug.seconds} <= limits::kGstDebugLongest;
  if (!is_good) reader.fail("seconds", "is out of range");
  return debug;
}

std::vector<ZoneSpec> read_zones_of(WireReader& reader) {
  const std::string text = reader.text("zones", limits::kZonesJsonBytes);
  if (reader.failed()) return {};
  const auto json = parse_json(text, JsonComments::Refused);
  auto zones = json ? read_zones(*json, "zones") : Result<std::vector<ZoneSpec>>{json.error()};
  if (zones) return std::move(*zones);
  reader.fail("zones", "cannot be read: " + zones.error().message);
  return {};
}

/// A threshold, or nothing where the usual one is meant.
std::optional<float> read_threshold(WireReader& reader, const char* field) {
  const float value = reader.f32_between(field, kUsual, 1);
  if (value < 0 && value != kUsual) reader.fail(field, "is out of range");
  return value < 0 ? std::nullopt : std::optional{value};
}

std::vector<ClassThreshold> read_per_class(WireReader& reader) {
  std::vector<ClassThreshold> thresholds;
  const std::size_t count =
      reader.count("per_class", limits::kClassThresholds, sizeof(std::uint32_t));
  for (std::size_t i = 0; i < count; ++i) {
    ClassThreshold& threshold = thresholds.emplace_back();
    threshold.label = reader.text("per_class", limits::kLabelBytes);
    threshold.min_confidence = read_threshold(reader, "per_class");
    threshold.nms_iou = read_threshold(reader, "per_class");
  }
  return thresholds;
}

FrameRules read_frames(WireReader& reader) {
  const std::string text = reader.text("frames", limits::kFrameRulesJsonBytes);
  if (reader.failed()) return {};
  const auto json = parse_json(text, JsonComments::Refused);
  if (!json) {
    reader.fail("frames", "cannot be read: " + json.error().message);
    return {};
  }
  JsonFields fields{*json, "frames"};
  FrameRules rules = read_frame_rules(fields);
  if (const auto done = fields.finish(); !done) {
    reader.fail("frames", "cannot be read: " + done.error().message);
  }
  return rules;
}

Reconfigure read_reconfigure(WireReader& reader) {
  Reconfigure tuning;
  tuning.min_confidence = reader.f32_between("min_confidence", 0, 1);
  tuning.nms_iou = read_threshold(reader, "nms_iou");
  tuning.max_fps = reader.f32_between("max_fps", 0, limits::kMaxFps);
  tuning.track = reader.flag("track");
  const std::size_t count = reader.count("classes", limits::kLabels, sizeof(std::uint32_t));
  tuning.classes.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    tuning.classes.push_back(reader.text("classes", limits::kLabelBytes));
  }
  tuning.zones = read_zones_of(reader);
  tuning.track_updates = reader.flag("track_updates");
  tuning.per_class = read_per_class(reader);
  tuning.frames = read_frames(reader);
  return tuning;
}

TakeSnapshot read_take_snapshot(WireReader& reader) {
  const std::uint8_t quality = reader.u8("quality");
  if (quality < 1 || quality > 100) reader.fail("quality", "is not in 1..100");
  return TakeSnapshot{quality};
}

CommandBody read_command_body(WireReader& reader, CommandKind kind) {
  switch (kind) {
    case CommandKind::Stop:
      return Stop{};
    case CommandKind::TakeSnapshot:
      return read_take_snapshot(reader);
    case CommandKind::SetLogLevel:
      return SetLogLevel{reader.text("level", kLevelBytes)};
    case CommandKind::OpenCamera:
      return OpenCamera{read_session(reader)};
    case CommandKind::Reconfigure:
      return read_reconfigure(reader);
    case CommandKind::DebugGst:
      return read_debug_gst(reader);
    case CommandKind::CountResults:
      return CountResults{reader.time_ns("after_capture_ns")};
    case CommandKind::StartCanary:
      return read_start_canary(reader);
    case CommandKind::StopCanary:
      return StopCanary{};
    case CommandKind::SetContext:
      return SetContext{read_context(reader)};
  }
  return {};
}

}  // namespace

void encode(const Command& command, std::vector<std::byte>& out) {
  WireWriter writer{out};
  writer.u64(command.request_id);
  writer.i64(command.deadline_ns);
  writer.u8(static_cast<std::uint8_t>(command.body.index()));
  std::visit([&writer](const auto& body) { write_body(writer, body); }, command.body);
}

Result<Command> decode_command(std::span<const std::byte> bytes) {
  WireReader reader{bytes};
  Command command;
  command.request_id = reader.u64("request_id");
  command.deadline_ns = reader.time_ns("deadline_ns");
  const CommandKind kind = reader.enumeration("kind", CommandKind::SetContext);
  if (!reader.failed()) command.body = read_command_body(reader, kind);
  if (auto checked = reader.finish(); !checked) return checked.error();
  return command;
}

}  // namespace bulkhead::ipc
