#include "supervisor/cli/event_text.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "common/limits.hpp"
#include "common/redaction.hpp"
#include "supervisor/cli/answer.hpp"
#include "supervisor/cli/session_text.hpp"
#include "supervisor/cli/text.hpp"

namespace bulkhead::cli {

namespace {

using nlohmann::json;

std::string pixels(const json& box, std::string_view key) {
  return std::to_string(std::llround(number_of(box, key)));
}

std::string for_whom(const json& params, bool colours) {
  const std::string context = context_text(params);
  return context.empty() ? context : coloured("  for " + context, Colour::Dim, colours);
}

/// "car #3 0.91 [411,220 310x180] colour=red"
std::string object_text(const json& object, bool colours) {
  std::array<char, 16> confidence{};
  std::snprintf(confidence.data(), confidence.size(), "%.2f", number_of(object, "confidence"));
  const json& box = member_of(object, "bbox");
  const std::int64_t track = count_of(object, "trackId");
  return coloured(text_of(object, "label"), Colour::Green, colours) +
         (track > 0 ? " #" + std::to_string(track) : "") + " " + confidence.data() +
         coloured(" [" + pixels(box, "x") + "," + pixels(box, "y") + " " + pixels(box, "w") + "x" +
                      pixels(box, "h") + "]",
                  Colour::Dim, colours) +
         coloured(attributes_text(member_of(object, "attributes")), Colour::Yellow, colours);
}

std::string detection_line(const json& params, bool colours) {
  std::string objects;
  for (const json& object : member_of(params, "objects")) {
    objects += (objects.empty() ? "" : "  ") + object_text(object, colours);
  }
  return coloured(time_of_day(text_of(params, "tsCapture")), Colour::Dim, colours) + "  " +
         text_of(params, "session") + "  " +
         coloured("frame " + std::to_string(count_of(params, "frameId")) + ", " +
                      std::to_string(std::llround(number_of(params, "ageMs"))) + " ms old" +
                      (count_of(params, "patchOf") > 0 ? ", again" : ""),
                  Colour::Dim, colours) +
         "  " + (objects.empty() ? "nothing" : objects) + for_whom(params, colours);
}

std::string state_line(const json& params, bool colours) {
  const std::string to = text_of(params, "to");
  const std::string reason = reason_text(params);
  return coloured(time_of_day(text_of(params, "since")), Colour::Dim, colours) + "  " +
         text_of(params, "session") + "  " + text_of(params, "from") + " -> " +
         coloured(to, colour_of_state(to), colours) +
         (flag_of(params, "removed") ? " (removed)" : "") + (reason.empty() ? "" : "  " + reason);
}

std::string alert_line(const json& params, bool colours) {
  const bool active = flag_of(params, "active");
  return coloured(time_of_day(text_of(params, "since")), Colour::Dim, colours) + "  " +
         text_of(params, "session") + "  " +
         coloured("alert " + text_of(params, "kind"), active ? Colour::Yellow : Colour::Green,
                  colours) +
         (active ? ": " : " ended: ") + text_of(params, "text");
}

/// "gate: person #7 crosses forward", "entry: person #7 leaves after 12.3 s", "entry: 2 person"
std::string what_happened(const json& params) {
  std::string kind = text_of(params, "kind");
  const std::string thing =
      text_of(params, "label") + " #" + std::to_string(count_of(params, "trackId"));
  const auto seconds = [&](std::string_view key) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f s", number_of(params, key) / 1e3);
    return std::string{text.data()};
  };
  if (kind == "zone.enter") return thing + " enters";
  if (kind == "zone.leave") return thing + " leaves after " + seconds("dwellMs");
  if (kind == "zone.dwell") return thing + " is there for " + seconds("dwellMs");
  if (kind == "zone.count") {
    return std::to_string(count_of(params, "count")) + " " + text_of(params, "label");
  }
  if (kind == "line.cross") return thing + " crosses " + text_of(params, "direction");
  if (kind == "track.new") return thing + " is new";
  if (kind == "track.update") return thing + " goes on";
  if (kind == "track.lost") return thing + " is lost";
  if (kind == "track.end") return thing + " ends after " + seconds("aliveMs");
  return kind;
}

std::string scene_line(const json& params, bool colours) {
  const std::string zone = text_of(params, "zone");
  const bool is_critical = text_of(params, "class") == "CRITICAL";
  const std::string reason = text_of(params, "reason");
  return coloured(time_of_day(text_of(params, "tsCapture")), Colour::Dim, colours) + "  " +
         text_of(params, "session") + "  " +
         coloured((zone.empty() ? "" : zone + ": ") + what_happened(params),
                  is_critical ? Colour::Yellow : Colour::Green, colours) +
         (reason.empty() ? "" : " (" + reason + ")") +
         coloured(attributes_text(member_of(params, "attributes")), Colour::Yellow, colours) +
         for_whom(params, colours);
}

std::string status_line(const json& params, bool colours) {
  const std::string to = text_of(params, "to");
  return coloured("stream " + to, to == "CONNECTED" ? Colour::Green : Colour::Yellow, colours) +
         "  " + text_of(params, "reason");
}

std::string gap_line(const json& params, bool colours) {
  const std::string session = text_of(params, "session");
  return coloured("gap", Colour::Yellow, colours) + (session.empty() ? "" : "  " + session) + "  " +
         std::to_string(count_of(params, "count")) + " " + text_of(params, "class") +
         " messages lost, sequence " + std::to_string(count_of(params, "fromSequence")) + " to " +
         std::to_string(count_of(params, "toSequence")) + ", " + text_of(params, "reason");
}

}  // namespace

std::string attributes_text(const json& attributes) {
  std::string text;
  if (!attributes.is_object()) return text;
  for (const auto& [name, value] : attributes.items()) {
    const std::string label =
        value.is_object() ? text_of(value, "label") : text_of(attributes, name);
    text += "  " + printable_text(name, limits::kLabelBytes) + "=" + label;
  }
  return text;
}

std::string event_line(const json& notification, bool colours) {
  const std::string method = text_of(notification, "method");
  const json& params = member_of(notification, "params");
  if (method == "detection") return detection_line(params, colours);
  if (method == "session.state") return state_line(params, colours);
  if (method == "system.alert") return alert_line(params, colours);
  if (method == "event") return scene_line(params, colours);
  if (method == "stream.gap") return gap_line(params, colours);
  if (method == "stream.status") return status_line(params, colours);
  return {};
}

}  // namespace bulkhead::cli
