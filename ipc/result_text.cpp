#include "ipc/result_text.hpp"

#include <algorithm>

#include "common/clock.hpp"
#include "common/json_text.hpp"
#include "ipc/snapshot_file.hpp"

namespace bulkhead::ipc {

namespace {

// Fractions of a pixel say nothing of a box; normalised, 1e-5 of the largest side is less than one.
constexpr int kPixelDecimals = 1;
constexpr int kNormDecimals = 5;
constexpr int kConfidenceDecimals = 4;
constexpr int kMillisecondDecimals = 3;
constexpr double kUsPerMs = 1e3;
constexpr std::int64_t kUnixEpochNs = 2'208'988'800 * kNsPerSecond;  // since 1900 (RFC 868)

// Enough for one object with a long label, so that a frame is written with one allocation.
constexpr std::size_t kFrameTextBytes = 512;
constexpr std::size_t kObjectTextBytes = 288;

double share(float part, std::uint32_t whole) {
  if (whole == 0) return 0;
  return std::clamp(static_cast<double>(part) / static_cast<double>(whole), 0.0, 1.0);
}

void append_box(JsonMembers& members, std::string& out, const Box& box) {
  members.key("bbox") += '{';
  JsonMembers pixels{out};
  pixels.number("x", static_cast<double>(box.x), kPixelDecimals);
  pixels.number("y", static_cast<double>(box.y), kPixelDecimals);
  pixels.number("w", static_cast<double>(box.w), kPixelDecimals);
  pixels.number("h", static_cast<double>(box.h), kPixelDecimals);
  out += '}';
}

void append_norm_box(JsonMembers& members, std::string& out, const Box& box, std::uint32_t width,
                     std::uint32_t height) {
  members.key("bboxNorm") += '{';
  JsonMembers norm{out};
  norm.number("xMin", share(box.x, width), kNormDecimals);
  norm.number("yMin", share(box.y, height), kNormDecimals);
  norm.number("xMax", share(box.x + box.w, width), kNormDecimals);
  norm.number("yMax", share(box.y + box.h, height), kNormDecimals);
  out += '}';
}

void append_attributes(std::string& out, const Object& object, const ModelCard& model) {
  out += '{';
  JsonMembers attributes{out};
  for (const Attribute& attribute : object.attributes) {
    if (attribute.stage >= model.attributes.size()) continue;
    const AttributeCard& card = model.attributes[attribute.stage];
    attributes.foreign_key(card.attribute) += '{';
    JsonMembers members_of_attribute{out};
    members_of_attribute.text("label", attribute.text);
    members_of_attribute.number("confidence", static_cast<double>(attribute.confidence),
                                kConfidenceDecimals);
    members_of_attribute.text("model", card.model);
    if (attribute.box) append_box(members_of_attribute, out, *attribute.box);
    out += '}';
  }
  out += '}';
}

/// A bit that no zone belongs to means nothing.
void append_zones(std::string& out, std::uint32_t zones, const std::vector<std::string>* names) {
  out += '[';
  bool first = true;
  for (std::size_t i = 0; names != nullptr && i < names->size(); ++i) {
    if ((zones >> i & 1U) == 0) continue;
    if (!first) out += ',';
    first = false;
    append_json_string(out, (*names)[i]);
  }
  out += ']';
}

void append_object(std::string& out, const ResultText& result, const Detection& detection,
                   std::size_t index) {
  const Object& object = detection.objects[index];
  out += '{';
  JsonMembers members{out};
  // Unique within the session, and the same whichever stream's filter the object came through.
  std::string& id = members.key("id");
  id += '"';
  append_json_unsigned(id, result.generation);
  id += '-';
  append_json_unsigned(id, result.sequence);
  id += '-';
  append_json_unsigned(id, index);
  id += '"';
  if (object.track_id != 0) members.count("trackId", object.track_id);
  members.text("label", label_of(object.label_id, result.model));
  members.count("labelId", object.label_id);
  members.number("confidence", static_cast<double>(object.confidence), kConfidenceDecimals);
  append_box(members, out, object.box);
  append_norm_box(members, out, object.box, detection.width, detection.height);
  append_zones(members.key("zones"), object.zones, result.zones);
  append_attributes(members.key("attributes"), object, result.model);
  out += '}';
}

void append_model(JsonMembers& members, std::string_view name, std::string_view sha256) {
  members.text("name", name);
  members.text("sha256", sha256);
}

/// Once a frame: an object's attribute says but the name, for a sum is longer than what it sums up.
void append_attribute_models(JsonMembers& members, std::string& out,
                             const std::vector<AttributeCard>& cards) {
  if (cards.empty()) return;
  members.key("attributes") += '{';
  JsonMembers models{out};
  for (const AttributeCard& card : cards) {
    models.foreign_key(card.attribute) += '{';
    JsonMembers model{out};
    append_model(model, card.model, card.sha256);
    out += '}';
  }
  out += '}';
}

void append_context(JsonMembers& members, const SessionContext& context) {
  if (!context.id.empty()) members.text("context", context.id);
  if (!context.stage.empty()) members.text("stage", context.stage);
}

void append_frame(JsonMembers& members, const ResultText& result, const Detection& detection,
                  std::int64_t now_ns) {
  const std::int64_t age = age_ns(detection, now_ns);
  // A worker's wall clock is only shown, but adding to its largest value would overflow.
  const std::int64_t captured =
      std::clamp<std::int64_t>(detection.capture_wall_ns, 0, INT64_MAX / 2);
  const std::int64_t published = captured + std::min<std::int64_t>(age, INT64_MAX / 2);
  members.count("v", 1);
  members.text("session", result.session);
  members.count("generation", result.generation);
  members.count("sequence", result.sequence);
  members.count("frameId", detection.frame_id);
  members.text("tsCapture", iso8601_utc(captured));
  members.text("tsPublish", iso8601_utc(published));
  // A camera whose clock was never set tells nothing that people could use.
  if (detection.camera_ns > kUnixEpochNs) {
    members.text("tsCamera", iso8601_utc(detection.camera_ns - kUnixEpochNs));
  }
  members.number("ageMs", to_ms(age), kMillisecondDecimals);
  members.number("inferMs", static_cast<double>(detection.infer_us) / kUsPerMs,
                 kMillisecondDecimals);
  members.count("width", detection.width);
  members.count("height", detection.height);
  append_context(members, detection.context);
  if (detection.patch_of != 0) members.count("patchOf", detection.patch_of);
}

}  // namespace

std::string label_of(std::uint16_t label_id, const ModelCard& model) {
  if (label_id < model.labels.size()) return model.labels[label_id];
  return "class " + std::to_string(label_id);
}

std::string attributes_json(const Object& object, const ModelCard& model) {
  std::string out;
  append_attributes(out, object, model);
  return out;
}

std::int64_t age_ns(const Detection& detection, std::int64_t now_ns) noexcept {
  return now_ns - std::clamp<std::int64_t>(detection.arrival_ns, 0, now_ns);
}

void append_detection(std::string& out, const ResultText& result, const Detection& detection,
                      std::int64_t now_ns, const KeepsObject& keeps) {
  out.reserve(out.size() + kFrameTextBytes + detection.objects.size() * kObjectTextBytes);
  JsonMembers members{out};
  append_frame(members, result, detection, now_ns);
  members.key("model") += '{';
  JsonMembers model{out};
  append_model(model, result.model.name, result.model.sha256);
  append_attribute_models(model, out, result.model.attributes);
  out += '}';
  members.key("objects") += '[';
  bool first = true;
  for (std::size_t i = 0; i < detection.objects.size(); ++i) {
    if (keeps && !keeps(detection.objects[i])) continue;
    if (!first) out += ',';
    first = false;
    append_object(out, result, detection, i);
  }
  out += ']';
}

void append_event(std::string& out, const EventText& text, const Event& event) {
  const auto& [session, generation, sequence, priority, label, attributes] = text;
  out.reserve(out.size() + kFrameTextBytes + attributes.size());
  JsonMembers members{out};
  members.count("v", 1);
  members.text("session", session);
  members.count("generation", generation);
  members.count("sequence", sequence);
  members.text("class", name_of(priority));
  members.text("kind", name_of(event.kind));
  if (!event.zone.empty()) members.text("zone", event.zone);
  if (event.direction != Direction::None) members.text("direction", name_of(event.direction));
  if (event.reason != EventReason::None) members.text("reason", name_of(event.reason));
  members.count("frameId", event.frame_id);
  members.text("tsCapture", iso8601_utc(std::min(event.capture_wall_ns, INT64_MAX / 2)));
  append_context(members, event.context);
  members.text("label", label);
  members.count("labelId", event.object.label_id);
  if (event.kind == EventKind::ZoneCount) {
    members.count("count", event.count);
  } else {
    if (event.object.track_id != 0) members.count("trackId", event.object.track_id);
    members.number("confidence", static_cast<double>(event.object.confidence), kConfidenceDecimals);
    append_box(members, out, event.object.box);
    append_norm_box(members, out, event.object.box, event.width, event.height);
    members.key("attributes") += attributes;
    const bool stayed = event.kind == EventKind::ZoneLeave || event.kind == EventKind::ZoneDwell;
    if (stayed) members.count("dwellMs", event.dwell_ms);
    if (!is_of_zone(event.kind)) members.count("aliveMs", event.dwell_ms);
  }
  if (event.has_snapshot) members.text("snapshot", snapshot_name(event.capture_wall_ns));
}

}  // namespace bulkhead::ipc
