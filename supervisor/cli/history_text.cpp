#include "supervisor/cli/history_text.hpp"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "common/limits.hpp"
#include "common/redaction.hpp"
#include "supervisor/cli/answer.hpp"
#include "supervisor/cli/event_text.hpp"
#include "supervisor/cli/session_text.hpp"
#include "supervisor/cli/text.hpp"

namespace bulkhead::cli {

namespace {

using nlohmann::json;

/// "2026-01-05 12:00:00.123": history is not always of today.
std::string moment(const json& result) {
  const std::string time = text_of(result, "tsCapture");
  if (!iso8601_ms(time)) return time.empty() ? "-" : time;
  return time.substr(0, time.find('T')) + " " + time_of_day(time);
}

std::string zones_text(const json& thing) {
  std::string text = text_of(thing, "zone");
  for (const json& zone : member_of(thing, "zones")) {
    if (!zone.is_string()) continue;
    text +=
        (text.empty() ? "" : ",") + printable_text(zone.get<std::string>(), limits::kLabelBytes);
  }
  return text.empty() ? text : "  in " + text;
}

std::string for_whom_text(const json& result) {
  const std::string context = context_text(result);
  return context.empty() ? context : "  for " + context;
}

std::string snapshot_text(const json& event) {
  const std::string name = text_of(event, "snapshot");
  return name.empty() ? name : "  snapshot " + name;
}

/// "#12  car 0.91  plate=B 1  in gate"
std::string thing_text(const json& thing, bool colours) {
  const std::int64_t track = count_of(thing, "trackId");
  std::string text = (track > 0 ? "#" + std::to_string(track) : "-") + "  " +
                     coloured(text_of(thing, "label"), Colour::Green, colours);
  if (thing.is_object() && thing.contains("confidence")) {
    std::array<char, 16> confidence{};
    std::snprintf(confidence.data(), confidence.size(), " %.2f", number_of(thing, "confidence"));
    text += confidence.data();
  }
  return text + attributes_text(member_of(thing, "attributes")) + zones_text(thing);
}

}  // namespace

std::string history_lines(const json& result, bool colours) {
  const std::string beginning =
      coloured(moment(result), Colour::Dim, colours) + "  " + text_of(result, "session") + "  ";
  const json& objects = member_of(result, "objects");
  if (objects.is_array()) {
    std::string lines;
    for (const json& object : objects) {
      lines += beginning + thing_text(object, colours) + for_whom_text(result) + "\n";
    }
    return lines;
  }
  const std::string kind = text_of(result, "kind");
  if (!kind.empty()) {
    return beginning + thing_text(result, colours) + "  " +
           coloured(kind, Colour::Yellow, colours) + for_whom_text(result) + snapshot_text(result) +
           "\n";
  }
  return beginning + coloured("gap", Colour::Yellow, colours) + "  " +
         std::to_string(count_of(result, "count")) + " results missing  " +
         text_of(result, "reason") + "\n";
}

}  // namespace bulkhead::cli
