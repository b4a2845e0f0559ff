#include "supervisor/hub/notification.hpp"

#include <algorithm>

#include "common/clock.hpp"
#include "supervisor/hub/json_text.hpp"

namespace bulkhead::supervisor {

namespace {

// Fractions of a pixel say nothing of a box; normalised, 1e-5 of the largest side is less than one.
constexpr int kPixelDecimals = 1;
constexpr int kNormDecimals = 5;
constexpr int kConfidenceDecimals = 4;
constexpr int kMillisecondDecimals = 3;
constexpr double kUsPerMs = 1e3;
constexpr std::int64_t kUnixEpochNs = 2'208'988'800 * kNsPerSecond;  // since 1900 (RFC 868)

// Enough for one object with a long label, so that a frame is written with one allocation.
constexpr std::size_t kFrameBytes = 512;
constexpr std::size_t kObjectBytes = 288;

/// Writes the members of one object in order; knows only where commas go.
class Members {
 public:
  explicit Members(std::string& out) : out_{out} {}

  std::string& key(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    out_ += '"';
    out_ += name;
    out_ += "\":";
    return out_;
  }
  void text(std::string_view name, std::string_view value) { append_json_string(key(name), value); }
  void number(std::string_view name, double value, int decimals) {
    append_json_number(key(name), value, decimals);
  }
  void count(std::string_view name, std::uint64_t value) { append_json_unsigned(key(name), value); }

 private:
  std::string& out_;
  bool first_ = true;
};

double share(float part, std::uint32_t whole) {
  if (whole == 0) return 0;
  return std::clamp(static_cast<double>(part) / static_cast<double>(whole), 0.0, 1.0);
}

void append_box(Members& members, std::string& out, const Box& box) {
  members.key("bbox") += '{';
  Members pixels{out};
  pixels.number("x", static_cast<double>(box.x), kPixelDecimals);
  pixels.number("y", static_cast<double>(box.y), kPixelDecimals);
  pixels.number("w", static_cast<double>(box.w), kPixelDecimals);
  pixels.number("h", static_cast<double>(box.h), kPixelDecimals);
  out += '}';
}

void append_norm_box(Members& members, std::string& out, const Box& box,
                     const Detection& detection) {
  members.key("bboxNorm") += '{';
  Members norm{out};
  norm.number("xMin", share(box.x, detection.width), kNormDecimals);
  norm.number("yMin", share(box.y, detection.height), kNormDecimals);
  norm.number("xMax", share(box.x + box.w, detection.width), kNormDecimals);
  norm.number("yMax", share(box.y + box.h, detection.height), kNormDecimals);
  out += '}';
}

void append_object(std::string& out, const ResultEvent& event, std::size_t index) {
  const Object& object = event.detection.objects[index];
  out += '{';
  Members members{out};
  // Unique within the session, and the same whichever stream's filter the object came through.
  std::string& id = members.key("id");
  id += '"';
  append_json_unsigned(id, event.generation);
  id += '-';
  append_json_unsigned(id, event.sequence);
  id += '-';
  append_json_unsigned(id, index);
  id += '"';
  if (object.track_id != 0) members.count("trackId", object.track_id);
  members.text("label", label_of(object, event.model));
  members.count("labelId", object.label_id);
  members.number("confidence", static_cast<double>(object.confidence), kConfidenceDecimals);
  append_box(members, out, object.box);
  append_norm_box(members, out, object.box, event.detection);
  members.key("zones") += "[]";
  members.key("attributes") += "{}";
  out += '}';
}

void append_frame(Members& members, const ResultEvent& event, std::int64_t now_ns) {
  const Detection& detection = event.detection;
  const std::int64_t age = age_ns(detection, now_ns);
  // A worker's wall clock is only shown, but adding to its largest value would overflow.
  const std::int64_t captured =
      std::clamp<std::int64_t>(detection.capture_wall_ns, 0, INT64_MAX / 2);
  const std::int64_t published = captured + std::min<std::int64_t>(age, INT64_MAX / 2);
  members.count("v", 1);
  members.text("session", event.session.text());
  members.count("generation", event.generation);
  members.count("sequence", event.sequence);
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
}

}  // namespace

std::string label_of(const Object& object, const ModelCard& model) {
  if (object.label_id < model.labels.size()) return model.labels[object.label_id];
  return "class " + std::to_string(object.label_id);
}

bool keeps(const ObjectFilter& filter, const Object& object, const ModelCard& model) {
  if (object.confidence < filter.min_confidence) return false;
  return filter.labels.empty() || filter.labels.contains(label_of(object, model));
}

bool keeps_all(const ObjectFilter& filter, const Detection& detection) {
  if (!filter.labels.empty()) return detection.objects.empty();
  return std::none_of(
      detection.objects.begin(), detection.objects.end(),
      [&](const Object& object) { return object.confidence < filter.min_confidence; });
}

std::int64_t age_ns(const Detection& detection, std::int64_t now_ns) noexcept {
  return now_ns - std::clamp<std::int64_t>(detection.arrival_ns, 0, now_ns);
}

std::string detection_tail(const ResultEvent& event, const ObjectFilter& filter,
                           std::int64_t now_ns) {
  std::string out;
  out.reserve(kFrameBytes + event.detection.objects.size() * kObjectBytes);
  Members members{out};
  append_frame(members, event, now_ns);
  members.key("model") += '{';
  Members model{out};
  model.text("name", event.model.name);
  model.text("sha256", event.model.sha256);
  out += '}';
  members.key("objects") += '[';
  bool first = true;
  for (std::size_t i = 0; i < event.detection.objects.size(); ++i) {
    if (!keeps(filter, event.detection.objects[i], event.model)) continue;
    if (!first) out += ',';
    first = false;
    append_object(out, event, i);
  }
  out += "]}}";
  return out;
}

std::string state_tail(const StateEvent& event) {
  std::string out;
  Members members{out};
  members.count("v", 1);
  members.text("session", event.session.text());
  members.count("generation", event.generation);
  members.text("from", name_of(event.from));
  members.text("to", name_of(event.to));
  members.text("since", iso8601_utc(event.at_wall_ns));
  members.text("reason", name_of(event.reason));
  members.text("reasonText", event.text);
  members.key("removed") += event.removed ? "true" : "false";
  out += "}}";
  return out;
}

std::string alert_tail(const AlertEvent& event) {
  std::string out;
  Members members{out};
  members.count("v", 1);
  members.text("session", event.session.text());
  members.count("generation", event.generation);
  members.text("kind", ipc::name_of(event.kind));
  members.key("active") += event.active ? "true" : "false";
  members.text("since", iso8601_utc(event.since_wall_ns));
  members.text("text", event.text);
  out += "}}";
  return out;
}

std::string gap_tail(const OutboxGap& gap) {
  std::string out;
  Members members{out};
  members.count("v", 1);
  if (gap.session != nullptr) members.text("session", gap.session->text());
  members.count("generation", gap.generation);
  members.text("class", ipc::name_of(gap.priority));
  members.count("fromSequence", gap.from);
  members.count("toSequence", gap.to);
  members.count("count", gap.count);
  members.text("reason", name_of(gap.reason));
  out += "}}";
  return out;
}

}  // namespace bulkhead::supervisor
